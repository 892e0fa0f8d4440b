/** The fold's step where less is known of what an author had seen than it had. */
import { expect, test } from 'vitest'
import type { OtherPlace } from '../facts/message.ts'
import { Entry, Write } from '../history/entry.ts'
import { RegisterTable } from '../schema/registers.ts'
import { apply } from './apply.ts'
import { type EntityState, headsOf, isLinear, liveOf, writesOf } from './state.ts'

const LOST = 'lost-lineage'
const table = new RegisterTable()

function write(
  clientSeq: number,
  values: Readonly<Record<string, string | number>>,
  places: readonly OtherPlace[],
): Write {
  const kind = clientSeq === 1 ? 'create' : 'update'
  const entry = new Entry({
    session: { authorId: 'author', sessionId: `session ${clientSeq}` },
    ...{ clientSeq, timestamp: 0, arrival: 0 },
    seen: { eid: LOST, seq: clientSeq === 3 ? 5 : 0, chain: '', from: clientSeq, except: [] },
  })
  const place = { reviewerId: 'r', eid: 'present', epoch: 3, forked: false, at: 0 }
  entry.review = { ...place, seq: clientSeq, places }
  const regs = table.set(Object.keys(values))
  return new Write(entry, { index: 0, type: 't', entityId: 'e', kind, version: 1, regs }, values)
}

test('FOLD3 a row is not linear where its only head was seen, and a value before it is not known to be', () => {
  const create = write(1, { points: 0, title: 'a' }, [{ eid: 'another', seq: 1 }])
  const head = write(2, { title: 'b' }, [{ eid: LOST, seq: 5 }])
  const last = write(3, { points: 58 }, [])
  let state: EntityState = create
  // Whoever wrote the title had read the creation.
  head.entry.review = { ...head.entry.review!, reads: [{ eid: 'present', seq: 1 }] }
  state = apply(state, head)
  expect(isLinear(state)).toBe(true)
  state = apply(state, last)
  expect(headsOf(state)).toEqual([last])
  expect(writesOf(liveOf(state, table.slot('points'))!)).toEqual([create, last])
  expect(isLinear(state)).toBe(false)
})
