import type { Planted } from '../plant.ts'

export const rejectedParentForgotten: Planted = {
  name: 'rejected-parent-forgotten',
  what: 'The reviewer forgets what it refused: what stands on it waits for ever.',
  edits: [
    {
      module: 'reviewer/admit.ts',
      from: 'if (refused.has(id) || ledger.rejection(id))',
      to: 'if (refused.has(id) && ledger.rejection(id))',
    },
  ],
  seed: 14,
}
