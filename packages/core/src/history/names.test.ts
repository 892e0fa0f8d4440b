/** Names of writes by number, and the pending ones among them. */
import { expect, test } from 'vitest'
import type { OwnSpan, Seen } from '../facts/types.ts'
import type { Review } from '../facts/message.ts'
import { RegisterTable } from '../schema/registers.ts'
import { Entry, Write } from './entry.ts'
import { NO_NAMES, namesOf, numberName, pendingIn } from './names.ts'

const LINEAGE = 'lineage-1'
const regs = new RegisterTable().set(['a'])
const seen: Seen = { eid: LINEAGE, seq: 7, chain: 'c', from: 4, except: [] }
const me = new Entry({
  session: { authorId: 'author', sessionId: 'me' },
  ...{ clientSeq: 9, timestamp: 0, arrival: 0, seen },
})

function write(sessionId: string, clientSeq: number, review?: Partial<Review>): Write {
  const session = { authorId: 'author', sessionId }
  const entry = new Entry({ session, clientSeq, timestamp: 0, arrival: 0 })
  if (review)
    entry.review = {
      ...{ reviewerId: 'r', eid: LINEAGE, epoch: 1, seq: 1, forked: false, at: 0 },
      ...review,
    }
  const place = { index: 0, type: 't', entityId: 'e', kind: 'update', version: 1, regs } as const
  return new Write(entry, place, { a: 1 })
}

const one = (sessionId: string, clientSeq: number): OwnSpan => ({
  ...{ sessionId, clientSeq, from: clientSeq, except: [] },
})

test('AUT3 names: canonical by seq, own by number, others by both, each ascending', () => {
  const writes = [
    write('z', 3),
    write('me', 8),
    write('b', 2, { seq: 7 }),
    write('me', 5),
    write('b', 6),
    write('me', 1, { seq: 4 }),
  ]
  expect(namesOf(writes, me)).toEqual({
    canonical: [4, 7],
    own: [5, 8],
    others: [one('b', 6), one('z', 3)],
  })
  expect(namesOf([], me)).toBe(NO_NAMES)
})

test('AUT3 names: a message accepted above the read position still has its own number', () => {
  const own = write('me', 5, { seq: 8 })
  const foreign = write('b', 6, { seq: 1, eid: 'lineage-2' })
  expect(namesOf([own, foreign], me)).toEqual({ ...NO_NAMES, own: [5], others: [one('b', 6)] })
})

test('SEEN7 what was read in an earlier epoch of the lineage is named by its seq, own messages too', () => {
  const later = new Entry({
    session: me.session,
    ...{ clientSeq: 9, timestamp: 0, arrival: 0 },
    seen: { ...seen, eid: 'epoch-2' },
  })
  later.readings = { here: 7, others: [] }
  const own = write('me', 1, { seq: 4 })
  const since = write('b', 6, { seq: 8, eid: 'epoch-2', epoch: 2 })
  expect(namesOf([own, write('b', 2, { seq: 7 }), since], later)).toEqual({
    canonical: [4, 7],
    own: [],
    others: [one('b', 6)],
  })
})

test('§4 names: a store that has read nothing canonical names nothing by seq', () => {
  const stranger = new Entry({
    session: me.session,
    ...{ clientSeq: 9, timestamp: 0, arrival: 0 },
    seen: { eid: null, seq: 0, chain: '', from: 1, except: [] },
  })
  expect(namesOf([write('b', 2, { seq: 1 })], stranger)).toEqual({
    ...NO_NAMES,
    others: [one('b', 2)],
  })
})

test('§4 names: one span for each session, as its author gives it; undefined adds no name', () => {
  const span: OwnSpan = { sessionId: 'b', clientSeq: 6, from: 2, except: [3] }
  const spanOf = (named: Write): OwnSpan | undefined =>
    named.entry.session.sessionId === 'b' ? span : undefined
  const writes = [write('b', 2), write('b', 6), write('z', 1)]
  expect(namesOf(writes, me, spanOf)).toEqual({ ...NO_NAMES, others: [span] })
})

test('§4 names: pending messages among them are found by session and number', () => {
  const names = { canonical: [4], own: [5, 8], others: [one('b', 6)] }
  expect(
    pendingIn(names, 'me').map(({ sessionId, clientSeq }) => numberName(sessionId, clientSeq)),
  ).toEqual(['me:5', 'me:8', 'b:6'])
})
