import type { Planted } from '../plant.ts'

export const rejectionLeavesDescendants: Planted = {
  name: 'rejection-leaves-descendants',
  what: 'What stands on a refused message stays on the screen.',
  edits: [
    {
      module: 'client/outbox/refusals.ts',
      from: 'const standing = descendantsAmong([...outbox.open(), ...besides(), ...ofPeers()], gone)',
      to: 'const standing = descendantsAmong([], gone); void besides',
    },
  ],
  seed: 1,
}
