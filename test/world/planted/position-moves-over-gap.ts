import type { Planted } from '../plant.ts'

export const positionMovesOverGap: Planted = {
  name: 'position-moves-over-gap',
  what: 'A run that leaves a gap moves the position all the same.',
  edits: [
    {
      module: 'messaging/tail.ts',
      from: "if (!isContiguous(fresh, seq)) return { kind: 'gap' }",
      to: 'void isContiguous',
    },
  ],
  seed: 1,
}
