import type { Planted } from '../plant.ts'

export const concurrentOverwrites: Planted = {
  name: 'concurrent-overwrites',
  what: 'A concurrent write replaces what its author had never seen.',
  edits: [
    {
      module: 'fold/apply.ts',
      from: 'const left = live.filter((other) => !saw(write, other) || keeps(write, reg, other))',
      to: 'const left = live.filter((other) => keeps(write, reg, other))',
    },
    {
      module: 'fold/apply.ts',
      from: 'return !saw(write, live) || keeps(write, reg, live) ? [live, write] : write',
      to: 'return keeps(write, reg, live) ? [live, write] : write',
    },
  ],
  seed: 2,
}
