/** The bounds of a deployment for one message: at the bound it passes, and one beyond it does not. */
import { expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import type { Change, Message, Names, OwnSpan } from '../facts/types.ts'
import { boundsFault } from './bounds.ts'

const SIZE = bytesOf(100)
const limits: Limits = {
  ...LIMITS,
  messageChangesMax: 2,
  messageBytesMax: 100,
  expectMax: 2,
  registersMax: 2,
  parentsMax: 3,
  ownSpansMax: 3,
  keepMax: 3,
}
const none: Names = { canonical: [], own: [], others: [] }
const spans = (count: number): OwnSpan[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ sessionId: `s${n}`, clientSeq: 1, from: 1, except: [] },
  }))
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1)

const change = (more: Partial<Change> = {}, regs: readonly string[] = ['a']): Change => ({
  shape: { type: 'issue', kind: 'update', schemaVersion: 1, regs },
  entityId: 'one',
  parents: none,
  values: regs.map(() => 1),
  ...more,
})
const message = (changes: readonly Change[], more: Partial<Message> = {}): Message => ({
  ...{ clientSeq: 1, time: 0, salts: [], changes },
  ...more,
})
const named = (canonical: number, own: number, others: number): Names => ({
  ...{ canonical: numbers(canonical), own: numbers(own), others: spans(others) },
})

test.each<[string, Message, Message]>([
  ['2 changes', message([change(), change()]), message([change(), change(), change()])],
  [
    'expects more than 2 rows',
    message([change()], { expect: [{ entityId: 'a' }, { entityId: 'b' }] }),
    message([change()], { expect: [{ entityId: 'a' }, { entityId: 'b' }, { entityId: 'c' }] }),
  ],
  ['2 registers', message([change({}, ['a', 'b'])]), message([change({}, ['a', 'b', 'c'])])],
  [
    '3 parents',
    message([change({ parents: named(1, 1, 1) })]),
    message([change({ parents: named(2, 1, 1) })]),
  ],
  [
    '3 pending sessions',
    message([change({ parents: named(0, 0, 1), own: spans(2) })]),
    message([change({ parents: named(0, 0, 1), own: spans(3) })]),
  ],
  [
    'keep names more than 3',
    message([change({ keep: [{ reg: 'a', names: named(1, 1, 1) }] })]),
    message([change({ keep: [{ reg: 'a', names: named(1, 2, 1) }] })]),
  ],
])('ADM7 §20: %s', (says, within, beyond) => {
  expect(boundsFault(within, SIZE, limits)).toBeUndefined()
  expect(boundsFault(beyond, SIZE, limits)).toContain(says)
})

test('ADM7 §20: bytes of a message', () => {
  expect(boundsFault(message([change()]), bytesOf(101), limits)).toBe('more than 100 bytes')
})
