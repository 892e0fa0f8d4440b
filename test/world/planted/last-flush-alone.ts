import type { Planted } from '../plant.ts'

export const lastFlushAlone: Planted = {
  name: 'last-flush-alone',
  what: 'Of a session that ends while another opens, only the last stored flush is adopted.',
  edits: [
    {
      module: 'client/disk/adopter.ts',
      from: 'for (const { flush } of ended) this.#done.add(flush.key)',
      to: 'for (const { key } of state.segments) this.#done.add(key)',
    },
  ],
  seed: 22,
}
