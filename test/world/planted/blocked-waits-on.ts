import type { Planted } from '../plant.ts'

export const blockedWaitsOn: Planted = {
  name: 'blocked-waits-on',
  what: 'A message that is blocked before its flush is sealed waits for a verdict of its own.',
  edits: [
    {
      module: 'replica/flusher.ts',
      from: 'if (open.length > 0) outbox.addFlush(flush, open)',
      to: 'outbox.addFlush(flush, flush.entries)',
    },
  ],
  seed: 816,
}
