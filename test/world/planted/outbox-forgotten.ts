import type { Planted } from '../plant.ts'

export const outboxForgotten: Planted = {
  name: 'outbox-forgotten',
  what: 'A flush that waits for its verdict is not added to the stored outbox.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: 'outboxAdd: open.length > 0 ? [flush.key] : []',
      to: 'outboxAdd: []',
    },
  ],
  seed: 4,
}
