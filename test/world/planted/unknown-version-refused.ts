import type { Planted } from '../plant.ts'

export const unknownVersionRefused: Planted = {
  name: 'unknown-version-refused',
  what: 'A reviewer that does not know a version refuses for good what was written in it.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'if (shape.schemaVersion <= type.currentVersion) return undefined',
      to: "if (shape.schemaVersion > type.currentVersion) return reject('needs_upgrade', 'a newer version'); return undefined",
    },
  ],
  seed: 23,
}
