import type { Planted } from '../plant.ts'

export const shownIsOldestOwn: Planted = {
  name: 'shown-is-oldest-own',
  what: 'In a conflict an author is shown their oldest write.',
  edits: [
    {
      module: 'fold/shown.ts',
      from: 'return own.at(-1) ?? ordered[0]!',
      to: 'return own[0] ?? ordered[0]!',
    },
  ],
  seed: 13,
}
