import type { HistoryEntry } from '@countersign/core'
import { expect, test } from 'vitest'
import { didWords, told } from './history.ts'

const entry = (fields: Partial<HistoryEntry>): HistoryEntry => ({
  messageId: 'm',
  kind: 'update',
  authorId: 'ann',
  timestamp: 0,
  version: 1,
  values: {},
  state: 'accepted',
  reviewerId: 'r',
  reviewedAt: 0,
  orderKey: '1',
  forked: false,
  reason: undefined,
  detail: undefined,
  ...fields,
})
const typed = (title: string, fields: Partial<HistoryEntry> = {}): HistoryEntry =>
  entry({ values: { title }, ...fields })

test('newest first, and consecutive keystrokes are one entry', () => {
  const entries = [
    entry({ kind: 'create', values: { title: '' } }),
    typed('A'),
    typed('Al'),
    typed('Ali', { timestamp: 500 }),
    typed('Bob', { authorId: 'bob', timestamp: 600 }),
    typed('Bobb', { authorId: 'bob', timestamp: 100_000 }),
    entry({ values: { points: 1 }, timestamp: 100_000 }),
    entry({ values: { points: 2 }, timestamp: 100_000 }),
    typed('C', { timestamp: 100_000 }),
    typed('Cy', { timestamp: 100_000, forked: true }),
    typed('Cyn', { timestamp: 100_000, state: 'pending', reviewerId: null }),
  ]
  const shown = told(entries).map((one) => [Object.values(one.entry.values)[0], one.count])
  expect(shown).toEqual([
    ['Cyn', 1],
    ['Cy', 1],
    ['C', 1],
    [2, 1],
    [1, 1],
    ['Bobb', 1],
    ['Bob', 1],
    ['Ali', 3],
    ['', 1],
  ])
})

test.each([
  [{ kind: 'create', values: { title: 'A' } }, 'Created it'],
  [{ kind: 'update', values: { rank: 'a' } }, 'Moved it'],
  [{ kind: 'update', values: { rank: 'a', status: 'done' } }, 'Moved it to Done'],
  [{ kind: 'update', values: { $archived: true } }, 'Archived it'],
  [
    { kind: 'update', values: { points: 3, assignee: '' } },
    'Changed Points to 3 and Assignee to Nobody',
  ],
  [{ kind: 'resolve', values: { title: 'B' } }, 'Decided: Title is “B”'],
  [{ kind: 'migrate', values: {} }, 'Rewrote it in a newer version'],
] as const)('%j', (change, words) => {
  expect(didWords(change)).toBe(words)
})
