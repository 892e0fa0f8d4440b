import type { Planted } from '../plant.ts'

export const outboxRelaxed: Planted = {
  name: 'outbox-relaxed',
  what: 'Own writes are stored relaxed, as if the reviewer could send them again.',
  edits: [
    {
      module: 'client/outbox/flusher.ts',
      from: "durability: 'strict', segments: [record]",
      to: "durability: 'relaxed', segments: [record]",
    },
  ],
  seed: 2,
}
