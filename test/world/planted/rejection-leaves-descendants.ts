import type { Planted } from '../plant.ts'

export const rejectionLeavesDescendants: Planted = {
  name: 'rejection-leaves-descendants',
  what: 'Messages that depend on a refused one stay on the screen.',
  edits: [
    {
      module: 'client/outbox/refusals.ts',
      from: 'const standing = descendantsAmong([...outbox.open(), ...besides(), ...ofPeers()], gone)',
      to: 'const standing = descendantsAmong([], gone); void besides',
    },
  ],
  seed: 2,
}
