import type { Planted } from '../plant.ts'

export const outboxForgotten: Planted = {
  name: 'outbox-forgotten',
  what: 'The disk is not told that a flush waits for its verdict.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: 'outboxAdd: open.length > 0 ? [flush.key] : []',
      to: 'outboxAdd: []',
    },
  ],
  seed: 4,
}
