import type { Planted } from '../plant.ts'

export const resolveNotCompared: Planted = {
  name: 'resolve-not-compared',
  what: 'Two decisions of the same conflict are both accepted.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'if (before && isCompareAndSet(write) && !sawAllLive(before, write))',
      to: 'if (false as boolean)',
    },
  ],
  seed: 19,
}
