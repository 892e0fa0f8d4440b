import type { Planted } from '../plant.ts'

export const snapshotForgetsHeads: Planted = {
  name: 'snapshot-forgets-heads',
  what: 'A snapshot leaves out heads that write nothing any more.',
  edits: [
    {
      module: 'fold/snapshot.ts',
      from: 'return [...new Set<Write>([createdOf(state), ...live, ...headsOf(state)])].sort(compareOrder)',
      to: 'return [...new Set<Write>([createdOf(state), ...live, headsOf(state).at(-1)!])].sort(compareOrder)',
    },
  ],
  seed: 74,
}
