import type { Planted } from '../plant.ts'

export const dedupByNumberOnly: Planted = {
  name: 'dedup-by-number-only',
  what: 'The reviewer knows a message by its number alone: another one of that number gets its verdict.',
  edits: [
    {
      module: 'review/decide.ts',
      from: 'if (known.id !== id) return false',
      to: '',
    },
  ],
  seed: 1,
}
