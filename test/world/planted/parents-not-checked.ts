import type { Planted } from '../plant.ts'

export const parentsNotChecked: Planted = {
  name: 'parents-not-checked',
  what: 'A message is accepted though its parent was refused, without it.',
  edits: [
    {
      module: 'review/admit.ts',
      from: "if (verdict === 'unknown') return nack('parent_unknown', `${parent} is not known here`)",
      to: "if (verdict === 'unknown') continue",
    },
  ],
  seed: 19,
}
