import type { Planted } from '../plant.ts'

export const rejectionLeavesDescendants: Planted = {
  name: 'rejection-leaves-descendants',
  what: 'What stands on a refused message stays on the screen.',
  edits: [
    {
      module: 'replica/replica.ts',
      from: 'for (const child of descendantsAmong(this.outbox.open(), new Set(gone)))',
      to: 'for (const child of descendantsAmong([], new Set(gone)))',
    },
  ],
}
