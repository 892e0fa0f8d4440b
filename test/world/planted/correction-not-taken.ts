import type { Planted } from '../plant.ts'

export const correctionNotTaken: Planted = {
  name: 'correction-not-taken',
  what: 'Of two revisions of a version the declared one is used, not the higher one.',
  edits: [
    {
      module: 'schema/lens/data.ts',
      from: 'theirs && (!mine || theirs.revision > mine.revision) ? theirs : mine!',
      to: 'theirs && !mine ? theirs : mine!',
    },
  ],
  seed: 33,
}
