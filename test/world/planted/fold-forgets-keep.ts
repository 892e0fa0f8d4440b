import type { Planted } from '../plant.ts'

export const foldForgetsKeep: Planted = {
  name: 'fold-forgets-keep',
  what: 'A write that keeps a part of a conflict ends it.',
  edits: [
    {
      module: 'history/saw.ts',
      from: 'return kept !== undefined && kept.some((named) => isNamedBy(named, w))',
      to: 'return kept !== undefined && isNamedBy(w, w) && false',
    },
  ],
  seed: 13,
}
