import type { Planted } from '../plant.ts'

export const unknownVersionRefused: Planted = {
  name: 'unknown-version-refused',
  what: 'A reviewer rejects messages of an unknown version for good.',
  edits: [
    {
      module: 'review/admit.ts',
      from: 'if (shape.schemaVersion <= type.currentVersion) return undefined',
      to: "if (shape.schemaVersion > type.currentVersion) return reject('needs_upgrade', 'a newer version'); return undefined",
    },
  ],
  seed: 23,
}
