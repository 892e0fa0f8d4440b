import type { Receipt } from '@countersign/core'
import { expect, test } from 'vitest'
import { reportWords } from './undoing.ts'

const titleOf = (id: string): string | undefined => ({ x: 'Paint', y: 'Sweep' })[id]
const receipt: Receipt = {
  id: 'x',
  messageId: 'm',
  state: 'draft',
  settled: () => new Promise(() => {}),
}
const skip = (id: string, field: string) => ({ entity: 'issue', id, field })

test.each([
  ['undo', undefined, 'Nothing to undo.'],
  ['redo', { receipt, skipped: [] }, 'Redone in “Paint”.'],
  [
    'undo',
    { receipt, skipped: [skip('x', 'points'), skip('y', 'rank'), skip('y', 'status')] },
    'Undone in “Paint”. Left as it is, because it was changed since: Points of “Paint” and Place and Status of “Sweep”.',
  ],
  [
    'undo',
    { receipt: undefined, skipped: [skip('z', '$archived')] },
    'Nothing was undone. Left as it is, because it was changed since: Archiving of “an issue that is not here”.',
  ],
] as const)('%s of %j', (way, report, words) => {
  expect(reportWords(way, report, titleOf)).toBe(words)
})
