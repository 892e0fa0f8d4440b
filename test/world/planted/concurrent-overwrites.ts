import type { Planted } from '../plant.ts'

export const concurrentOverwrites: Planted = {
  name: 'concurrent-overwrites',
  what: 'A concurrent write replaces what its author had never seen.',
  edits: [
    {
      module: 'fold/apply.ts',
      from: 'writesOf(live[slot]).filter((w) => !seen.has(w) || kept?.includes(w))',
      to: 'writesOf(live[slot]).filter((w) => (void seen, kept?.includes(w)))',
    },
  ],
  seed: 2,
}
