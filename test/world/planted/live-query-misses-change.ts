import type { Planted } from '../plant.ts'

export const liveQueryMissesChange: Planted = {
  name: 'live-query-misses-change',
  what: 'A live query is not notified of rows that leave it.',
  edits: [
    {
      module: 'query/view.ts',
      from: 'if (!leaving && !coming) return',
      to: 'if (!coming) return',
    },
  ],
  seed: 1,
}
