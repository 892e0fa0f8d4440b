import type { Planted } from '../plant.ts'

export const parentsNotChecked: Planted = {
  name: 'parents-not-checked',
  what: 'A message is accepted though its parent was refused, without it.',
  edits: [
    {
      module: 'reviewer/admit.ts',
      from: "return nack('parent_unknown', `its parent ${id} is not known here`)",
      to: 'continue',
    },
  ],
  seed: 1,
}
