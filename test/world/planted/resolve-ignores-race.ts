import type { Planted } from '../plant.ts'

export const resolveIgnoresRace: Planted = {
  name: 'resolve-ignores-race',
  what: 'A decision counts as one that has seen everything when it has seen something.',
  edits: [
    {
      module: 'reviewer/admit.ts',
      from: 'return seenAmong(write.parents, rivals).size === rivals.size',
      to: 'return rivals.size === 0 || seenAmong(write.parents, rivals).size > 0',
    },
  ],
  seed: 13,
}
