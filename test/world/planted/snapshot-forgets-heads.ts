import type { Planted } from '../plant.ts'

export const snapshotForgetsHeads: Planted = {
  name: 'snapshot-forgets-heads',
  what: 'A snapshot omits heads without live writes.',
  edits: [
    {
      module: 'fold/snapshot.ts',
      from: 'const ordered = [...new Set([createdOf(state), ...liveRegs.keys(), ...headsOf(state)])].sort(compareOrder)',
      to: 'const ordered = [...new Set([createdOf(state), ...liveRegs.keys(), headsOf(state).at(-1)!])].sort(compareOrder)',
    },
  ],
  seed: 60,
}
