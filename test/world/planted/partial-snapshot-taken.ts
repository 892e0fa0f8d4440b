import type { Planted } from '../plant.ts'

export const partialSnapshotTaken: Planted = {
  name: 'partial-snapshot-taken',
  what: 'A snapshot is applied without a lost page.',
  edits: [
    {
      module: 'sync/snapshot-parts.ts',
      from: 'const isWhole = here.pages.length === pages && here.lists.length === lists',
      to: 'const isWhole = parts.length > 0 || pages + lists === 0',
    },
  ],
  seed: 79,
}
