import type { Planted } from '../plant.ts'

export const outboxClearedEarly: Planted = {
  name: 'outbox-cleared-early',
  what: 'A flush is taken out of the outbox of the disk when it is offered.',
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
