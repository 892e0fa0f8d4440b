import type { Planted } from '../plant.ts'

export const defaultForgotten: Planted = {
  name: 'default-forgotten',
  what: 'Fields without a write show nothing, though their version has a default for them.',
  edits: [
    {
      module: 'fold/row.ts',
      from: '? defaultValue(reg, context)',
      to: '? undefined',
    },
  ],
  seed: 33,
}
