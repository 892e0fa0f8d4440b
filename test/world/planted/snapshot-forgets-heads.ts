import type { Planted } from '../plant.ts'

export const snapshotForgetsHeads: Planted = {
  name: 'snapshot-forgets-heads',
  what: 'A snapshot leaves out heads that write nothing any more.',
  edits: [
    {
      module: 'fold/snapshot.ts',
      from: 'const kept = new Set<Write>([createdOf(state), ...liveRegs.keys(), ...headsOf(state)])',
      to: 'const kept = new Set<Write>([createdOf(state), ...liveRegs.keys(), headsOf(state).at(-1)!])',
    },
  ],
  seed: 142,
}
