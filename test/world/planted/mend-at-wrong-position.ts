import type { Planted } from '../plant.ts'

export const mendAtWrongPosition: Planted = {
  name: 'mend-at-wrong-position',
  what: 'A mend is taken at its position, whatever is missing on the way there.',
  edits: [
    {
      module: 'messaging/tail.ts',
      from: "if (!covers || !reaches || !isContiguous(runs, seq)) return { kind: 'gap' }",
      to: "if (runs.length === 0) return { kind: 'gap' }",
    },
  ],
  seed: 547,
}
