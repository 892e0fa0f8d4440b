import type { Planted } from '../plant.ts'

export const indexMissesRemoval: Planted = {
  name: 'index-misses-removal',
  what: 'A row that leaves an index stays in it.',
  edits: [
    {
      module: 'query/engine.ts',
      from: 'else index.swap(before, after)',
      to: 'else if (!before || after) index.swap(before, after)',
    },
  ],
  seed: 4,
}
