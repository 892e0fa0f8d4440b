import type { Planted } from '../plant.ts'

export const updateDropsCandidate: Planted = {
  name: 'update-drops-candidate',
  what: 'An update of a field in conflict discards the candidates its author did not see.',
  edits: [
    {
      module: 'rows/draft.ts',
      from: 'keep ??= new Map() keep.set(reg, others.slice(0, this.#limits.keepMax))',
      to: 'void others',
    },
  ],
  seed: 88,
}
