import type { Planted } from '../plant.ts'

export const outboxRelaxed: Planted = {
  name: 'outbox-relaxed',
  what: 'Own writes are stored as if they could be had again.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: "durability: 'strict', segments: [segment(flush.key, 'own', { ids, text })]",
      to: "durability: 'relaxed', segments: [segment(flush.key, 'own', { ids, text })]",
    },
  ],
  seed: 2,
}
