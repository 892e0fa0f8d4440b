import { expect, test } from 'vitest'
import { z } from 'zod'
import { Entry, Write } from '../history/entry.ts'
import { entity } from '../schema/entity.ts'
import { LIMITS } from '../facts/limits.ts'
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
  return { table, regs, write }
}

function draftOf(): Draft {
  const session = { authorId: 'ann', sessionId: 's' }
  const own = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 1 })
  return new Draft(own, 'ann', { limits: LIMITS })
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
