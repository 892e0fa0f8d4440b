import type { Planted } from '../plant.ts'

export const headsUnbounded: Planted = {
  name: 'heads-unbounded',
  what: 'The bound on heads is forgotten.',
  edits: [
    {
      module: 'reviewer/admit.ts',
      from: 'if (headsOf(after).length > limits.headsMax)',
      to: 'if (headsOf(after).length > 10_000)',
    },
  ],
  seed: 45,
}
