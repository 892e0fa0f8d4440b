import type { Planted } from '../plant.ts'

export const rejectionLeavesDescendants: Planted = {
  name: 'rejection-leaves-descendants',
  what: 'What stands on a refused message stays on the screen.',
  edits: [
    {
      module: 'replica/refusals.ts',
      from: 'const blocked = descendantsAmong(outbox.open(), gone)',
      to: 'const blocked = descendantsAmong([], gone)',
    },
  ],
  seed: 8,
}
