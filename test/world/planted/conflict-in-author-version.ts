import type { Planted } from '../plant.ts'

export const conflictInAuthorVersion: Planted = {
  name: 'conflict-in-author-version',
  what: 'Two writes are compared in the versions of their authors, not in the reader’s.',
  edits: [
    {
      module: 'fold/read.ts',
      from: 'if (write.version === entity.currentVersion || entity.each) return stored',
      to: 'if (write.version > 0 || entity.each) return stored',
    },
  ],
  seed: 33,
}
