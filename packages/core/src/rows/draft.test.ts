import { expect, test } from 'vitest'
import { z } from 'zod'
import { Entry, Write } from '../history/entry.ts'
import { entity } from '../schema/entity.ts'
import { LIMITS } from '../facts/limits.ts'
import { Draft } from './draft.ts'
import { Repo } from './repo.ts'

const Issue = entity('issue', z.object({ title: z.string() }))

test('§3 messages: a creation has no parents, even where its id is taken; an update has them', () => {
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
  const taken = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0 })
  taken.identify('m1', undefined)
  taken.review = { reviewerId: 'r', eid: 'e', epoch: 1, seq: 1, forked: false, at: 0 }
  const facts = {
    index: 0,
    type: 'issue',
    entityId: 'x',
    kind: 'create',
    version: 1,
    regs,
  } as const
  const write = new Write(taken, { ...facts, parents: [] }, { title: 'mine' })
  taken.writes.push(write)
  repo.addCanonical(taken)
  for (const [kind, parents] of [
    ['create', []],
    ['update', [write]],
  ] as const) {
    const own = new Entry({
      session: { ...session, authorId: 'ann' },
      clientSeq: 1,
      timestamp: 0,
      arrival: 1,
    })
    const draft = new Draft(own, 'ann', { limits: LIMITS })
    draft.add(table, 'x', kind, { regs, values: { title: 'a' } })
    expect(draft.changes[0]!.write.parents).toEqual(parents)
    draft.rollback()
  }
})
