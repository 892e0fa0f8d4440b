import type { Planted } from '../plant.ts'

export const foldForgetsKeep: Planted = {
  name: 'fold-forgets-keep',
  what: 'A write that keeps a part of a conflict ends it.',
  edits: [
    {
      module: 'history/saw.ts',
      from: 'return kept !== undefined && isAmong(kept, m.entry, w)',
      to: 'return kept !== undefined && isAmong(kept, m.entry, w) && false',
    },
  ],
  seed: 11,
}
