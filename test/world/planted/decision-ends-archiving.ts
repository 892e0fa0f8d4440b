import type { Planted } from '../plant.ts'

export const decisionEndsArchiving: Planted = {
  name: 'decision-ends-archiving',
  what: 'Whoever decides or migrates a field of a row decides that it is not archived, too.',
  edits: [
    {
      module: 'repo/draft.ts',
      from: 'const { kind, asked, merged } = written',
      to: `const { kind, asked, merged } = written
    if (kind !== 'update') return undefined`,
    },
  ],
}
