/** Untrusted rejections: with live writes, without them as older reviewers send, and malformed. */
import { expect, test } from 'vitest'
import type { Rejection, Standing } from '../facts/message.ts'
import { parseReviewerFrame, reviewerFrame } from './frames.ts'

const A = '0190a6b2-3c4d-8e5f-8a7b-000000000001'
const standing: Standing = {
  entityId: A,
  type: 'issue',
  reg: 'title',
  msgId: A,
  authorId: A,
  value: { deep: ['x'] },
  schemaVersion: 1,
}
const rejection: Rejection = {
  v: 2,
  space: A,
  eid: A,
  epoch: 1,
  reviewerId: A,
  msgId: A,
  hash: 'A'.repeat(43),
  reason: 'stale',
  detail: 'too late',
  standing: [standing],
  at: 5,
  sig: 'sig',
}

const read = (value: unknown): unknown => {
  const frame = parseReviewerFrame(JSON.stringify(['rejected', [value]]))
  return frame.ok && frame.value.kind === 'rejected' ? frame.value.rejections[0] : undefined
}

test('§4 rejection: is parsed as it was sent, with live writes and without', () => {
  const { standing: _, ...old } = rejection
  const { value: __, ...bare } = standing
  for (const sent of [
    rejection,
    old,
    { ...rejection, standing: [] },
    { ...rejection, standing: [bare] },
  ]) {
    const rejections = [sent as Rejection]
    expect(parseReviewerFrame(reviewerFrame('rejected', { rejections }))).toEqual({
      ok: true,
      value: { kind: 'rejected', texts: '', rejections },
    })
  }
})

test.each<[string, unknown]>([
  ['no list', standing],
  ['null', null],
  ['a list of nothing', [null]],
  ['without entity', [{ ...standing, entityId: 'x' }]],
  ['without message', [{ ...standing, msgId: undefined }]],
  ['without author', [{ ...standing, authorId: 1 }]],
  ['without register', [{ ...standing, reg: 1 }]],
  ['without version', [{ ...standing, schemaVersion: -1 }]],
  [
    'with a value too deep',
    [{ ...standing, value: JSON.parse('['.repeat(20) + ']'.repeat(20)) as unknown }],
  ],
  ['without end', Array.from({ length: 1_000 }, () => standing)],
])('§4 rejection: malformed live writes: %s', (_, list) => {
  expect(read({ ...rejection, standing: list })).toBeUndefined()
})
