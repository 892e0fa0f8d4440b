import { expect, test } from 'vitest'
import { z } from 'zod'
import { Entry, Write } from '../history/entry.ts'
import { entity } from '../schema/entity.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { Draft } from './draft.ts'
import { Repo } from './repo.ts'

const Issue = entity('issue', z.object({ title: z.string() }))

/** A table with the row `x`, which another author has created. */
function taken() {
  const repo = new Repo({
    entities: [Issue],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => {
      throw error
    },
    onTable: () => {},
  })
  const table = repo.table(Issue)
  const regs = table.registers.set(['title'])
  const session = { authorId: 'eve', sessionId: 's' }
  const entry = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0 })
  entry.identify('m1', undefined)
  entry.review = { reviewerId: 'r', eid: 'e', epoch: 1, seq: 1, forked: false, at: 0 }
  const facts = {
    index: 0,
    type: 'issue',
    entityId: 'x',
    kind: 'create',
    version: 1,
    regs,
  } as const
  const write = new Write(entry, { ...facts, parents: [] }, { title: 'mine' })
  entry.writes.push(write)
  repo.addCanonical(entry)
  return { repo, table, regs, write }
}

function draftOf(limits: Limits = LIMITS): Draft {
  const session = { authorId: 'ann', sessionId: 's' }
  const own = new Entry({ session, clientSeq: 2, timestamp: 0, arrival: 9 })
  return new Draft(own, 'ann', { limits })
}

test('AUT3 a creation has no parents, even where its id is taken; an update has them', () => {
  const { table, regs, write } = taken()
  for (const [kind, parents] of [
    ['create', []],
    ['update', [write]],
  ] as const) {
    const draft = draftOf()
    draft.add(table, 'x', kind, { regs, values: { title: 'a' } })
    expect(draft.changes[0]!.write.parents).toEqual(parents)
    draft.rollback()
  }
})

test('AUT3 of more heads than parents the pending ones are named first, and then the oldest', () => {
  const { repo, table, regs, write } = taken()
  const beside = (n: number, isPending: boolean): Write => {
    const entry = new Entry({
      ...{ session: { authorId: 'a', sessionId: `s${n}` }, clientSeq: 1, timestamp: 0, arrival: n },
      seen: { eid: 'e', seq: 1, chain: '', from: 1, except: [] },
    })
    entry.identify(`m${n}`, undefined)
    if (!isPending)
      entry.review = { reviewerId: 'r', eid: 'e', epoch: 1, seq: n, forked: false, at: 0 }
    const facts = { index: 0, type: 'issue', entityId: 'x', kind: 'update', version: 1 } as const
    const made = new Write(entry, { ...facts, regs, parents: [write] }, { title: `${n}` })
    entry.writes.push(made)
    if (isPending) repo.addPending(entry)
    else repo.addCanonical(entry)
    return made
  }
  const [second, third] = [2, 3, 4].map((n) => beside(n, false))
  const pending = beside(5, true)
  const draft = draftOf({ ...LIMITS, parentsMax: 3 })
  draft.add(table, 'x', 'update', { regs, values: { title: 'a' } })
  expect(draft.changes[0]!.write.parents).toEqual([pending, second, third])
  expect(LIMITS.parentsMax).toBe(32)
})

test.each([
  ['update', ['update', 'update']],
  ['resolve', ['update', 'resolve', 'update']],
  ['migrate', ['resolve', 'migrate']],
  ['create', ['create', 'update', 'resolve']],
] as const)('MSG1 several calls on one row are one change, a %s', (kind, calls) => {
  const { table, regs } = taken()
  const draft = draftOf()
  for (const [n, each] of calls.entries())
    draft.add(table, 'x', each, { regs, values: { title: `${n}` } })
  const writes = draft.changes.map(({ write }) => [write.kind, write.entityId, write.values])
  expect(writes).toEqual([[kind, 'x', { title: `${calls.length - 1}` }]])
})
