import type { Planted } from '../plant.ts'

export const conflictInAuthorVersion: Planted = {
  name: 'conflict-in-author-version',
  what: 'Whether two writes agree is judged by what their authors wrote, each in its own version.',
  edits: [
    {
      module: 'fold/read.ts',
      from: 'if (write.version === entity.currentVersion || entity.each) return stored',
      to: 'if (write.version > 0 || entity.each) return stored',
    },
  ],
  seed: 33,
}
