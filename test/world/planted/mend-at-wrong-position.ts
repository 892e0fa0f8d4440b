import type { Planted } from '../plant.ts'

export const mendAtWrongPosition: Planted = {
  name: 'mend-at-wrong-position',
  what: 'A mend takes the position of the moment, not that of its states.',
  edits: [
    {
      module: 'messaging/tail.ts',
      from: `const covers = [...this.#mending].every((id) => answered.has(id))
    if (!covers || !reaches || !isContiguous(runs, seq))`,
      to: `const covers = true
    if (!covers || (!reaches && runs.length > 1_000) || !isContiguous(runs, seq))`,
    },
  ],
}
