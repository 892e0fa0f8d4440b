import type { Planted } from '../plant.ts'

export const lastFlushAlone: Planted = {
  name: 'last-flush-alone',
  what: 'Of a session that ends while another opens, only what it stored last is taken over.',
  edits: [
    {
      module: 'client/disk/adopter.ts',
      from: 'for (const { flush } of ended) this.#done.add(flush.key)',
      to: 'for (const { key } of state.segments) this.#done.add(key)',
    },
  ],
  seed: 22,
}
