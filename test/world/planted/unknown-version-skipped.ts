import type { Planted } from '../plant.ts'

export const unknownVersionSkipped: Planted = {
  name: 'unknown-version-skipped',
  what: 'Messages of versions that are unknown to a build are skipped.',
  edits: [
    {
      module: 'rows/table.ts',
      from: 'addCanonical(write: Write): void {',
      to: 'addCanonical(write: Write): void {\n    if (!this.entity.each && write.version > this.entity.currentVersion) return',
    },
  ],
  seed: 33,
}
