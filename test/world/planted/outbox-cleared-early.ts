import type { Planted } from '../plant.ts'

export const outboxClearedEarly: Planted = {
  name: 'outbox-cleared-early',
  what: 'A flush is removed from the stored outbox when it is offered.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: "outbox.release(flush, stored ? 'queued' : 'volatile')",
      to: `outbox.release(flush, stored ? 'queued' : 'volatile')
      void disk.write({ durability: 'relaxed', outboxRemove: [flush.key] })`,
    },
  ],
  seed: 4,
}
