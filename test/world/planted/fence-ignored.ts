import type { Planted } from '../plant.ts'

export const fenceIgnored: Planted = {
  name: 'fence-ignored',
  what: 'A reviewer that another one has overtaken answers all the same.',
  edits: [
    {
      module: 'reviewer/reviewer.ts',
      from: "if (outcome === 'fenced') throw new Error('another reviewer has written to this space')",
      to: 'void outcome',
    },
  ],
  seed: 17,
}
