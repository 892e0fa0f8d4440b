import type { Planted } from '../plant.ts'

export const outboxRelaxed: Planted = {
  name: 'outbox-relaxed',
  what: 'Own writes are stored as if they could be had again.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: "durability: 'strict', segments: [record]",
      to: "durability: 'relaxed', segments: [record]",
    },
  ],
  seed: 2,
}
