import type { Planted } from '../plant.ts'

export const partialSnapshotTaken: Planted = {
  name: 'partial-snapshot-taken',
  what: 'A snapshot is taken in though a page of it was lost.',
  edits: [
    {
      module: 'sync/snapshot-parts.ts',
      from: 'return parts.length === count ? parts.map(({ part }) => part) : undefined',
      to: 'return parts.map(({ part }) => part).slice(0, Math.max(count, 1))',
    },
  ],
  seed: 1374,
}
