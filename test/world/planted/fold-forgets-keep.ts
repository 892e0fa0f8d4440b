import type { Planted } from '../plant.ts'

export const foldForgetsKeep: Planted = {
  name: 'fold-forgets-keep',
  what: 'A write that keeps a part of a conflict ends it.',
  edits: [
    {
      module: 'fold/apply.ts',
      from: 'live[slot] = kept ? joined(writesOf(live[slot]).filter((w) => kept.includes(w)), write) : write',
      to: `void kept
    live[slot] = write`,
    },
  ],
  seed: 13,
}
