import type { RefusedChange, RefusedMessage } from '@countersign/core'
import { describe, expect, test } from 'vitest'
import { type Names, newsOf, reasonWords, rootsOf, wantWords } from './refusals.ts'

const names: Names = {
  personOf: (id) => (id === 'a' ? 'Ann' : 'Bob'),
  titleOf: (id) => (id === 'x' ? 'Paint the door' : undefined),
}

const change = (values: RefusedChange['values'], rest: Partial<RefusedChange> = {}) => ({
  entity: 'issue',
  id: 'x',
  kind: 'update' as const,
  values,
  ...rest,
})

const refused = (fields: Partial<RefusedMessage>): RefusedMessage => ({
  messageId: 'm',
  state: 'rejected',
  reason: 'unauthorised',
  detail: undefined,
  standing: [],
  timestamp: 0,
  changes: [change({ $archived: true })],
  descendants: [],
  ...fields,
})

const standing = (field: string, value: unknown, authorId = 'a') => ({
  entity: 'issue',
  id: 'x',
  field,
  value,
  authorId,
  messageId: 'w',
})

describe('why', () => {
  test('a rule of the reviewer speaks for itself', () => {
    const detail = 'only the author of an issue may archive it'
    expect(reasonWords(refused({ detail }), names)).toBe(
      'Only the author of an issue may archive it.',
    )
    expect(reasonWords(refused({ detail: '' }), names)).toBe('You may not do this.')
  })

  test('a lost race names the winner and the value', () => {
    const lost = (...found: ReturnType<typeof standing>[]): string =>
      reasonWords(refused({ reason: 'stale', detail: 'x', standing: found }), names)
    expect(lost(standing('title', 'B'))).toBe('Ann decided first: Title is “B”.')
    expect(lost(standing('status', 'done'), standing('points', 0, 'b'))).toBe(
      'Ann and Bob decided first: Status is Done and Points is None.',
    )
    expect(lost(standing('$archived', true))).toBe('Ann decided first: it is archived.')
    expect(lost(standing('notes', undefined))).toBe('Ann decided first.')
    expect(lost()).toBe('Another change came first.')
  })

  test('codes are never shown', () => {
    expect(reasonWords(refused({ reason: 'too_large', detail: '4194305 bytes' }), names)).toBe(
      'It is too large.',
    )
    const contested = { reason: 'contested', detail: 'issue.title has 32 values' } as const
    expect(reasonWords(refused({ ...contested, standing: [standing('title', 'B')] }), names)).toBe(
      'Too many others have changed the same at once. Decide there first, then try again.',
    )
  })
})

describe('what it wanted', () => {
  test.each([
    [change({ $archived: true }), 'Archive “Paint the door”'],
    [change({ $archived: false }), 'Restore “Paint the door”'],
    [change({ rank: 'a0' }), 'Move “Paint the door”'],
    [change({ rank: 'a0', status: 'doing' }), 'Move “Paint the door” to Doing'],
    [change({ points: 5 }), 'Change “Paint the door”: Points to 5'],
    [
      change({ assignee: '', title: 'New' }),
      'Change “Paint the door”: Assignee to Nobody and Title to “New”',
    ],
    [change({ title: 'B' }, { kind: 'resolve' }), 'Decide in “Paint the door”: Title is “B”'],
    [change({ title: 'Fresh' }, { kind: 'create', id: 'y' }), 'Create “Fresh”'],
    [change({ points: 1 }, { id: 'y' }), 'Change an issue that is not here: Points to 1'],
  ])('%j', (wanted, words) => {
    expect(wantWords(wanted, names)).toBe(words)
  })

  test('long titles are cut', () => {
    const long = change({ title: 'x'.repeat(200) }, { kind: 'create', id: 'y' })
    expect(wantWords(long, names)).toBe(`Create “${'x'.repeat(60)}…”`)
  })
})

test('the tray lists those that depend on no other', () => {
  const first = refused({ messageId: '1', descendants: ['2', '3'] })
  const second = refused({ messageId: '2', state: 'blocked', descendants: ['3'] })
  const third = refused({ messageId: '3', state: 'blocked' })
  const other = refused({ messageId: '4' })
  expect(rootsOf([first, second, third, other])).toEqual([first, other])
})

test('the toast has the change and the reason; of a lost race, the winner', () => {
  const changes = [change({ $archived: true }), change({ points: 1 })]
  expect(newsOf(refused({ changes, detail: 'no' }), names)).toBe(
    'Refused: Archive “Paint the door” and 1 more. No.',
  )
  expect(newsOf(refused({ reason: 'stale', standing: [standing('title', 'B')] }), names)).toBe(
    'Ann decided first: Title is “B”. Your change is kept under Rejected.',
  )
})
