import type { Planted } from '../plant.ts'

export const resolveNotCompared: Planted = {
  name: 'resolve-not-compared',
  what: 'Of two who decide the same, both are accepted.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'if (before && isCompareAndSet(write) && !sawAllLive(before, write))',
      to: 'if (false as boolean)',
    },
  ],
  seed: 19,
}
