import type { Planted } from '../plant.ts'

export const resolveIgnoresRace: Planted = {
  name: 'resolve-ignores-race',
  what: 'A decision counts as having seen all candidates when it has seen one.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'return decided.every((slot) => writesOf(liveOf(before, slot)).every((live) => saw(write, live)))',
      to: 'return decided.every((slot) => writesOf(liveOf(before, slot)).some((live) => saw(write, live)))',
    },
  ],
  seed: 32,
}
