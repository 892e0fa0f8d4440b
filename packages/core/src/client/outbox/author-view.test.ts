/** What an author states about what it had seen: the head line, and the spans of other sessions. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { LIMITS } from '../../facts/limits.ts'
import { Entry, Write } from '../../history/entry.ts'
import { NO_NAMES } from '../../history/names.ts'
import { Draft } from '../../rows/draft.ts'
import { Repo } from '../../rows/repo.ts'
import { entity } from '../../schema/entity.ts'
import { AuthorView } from './author-view.ts'

const Issue = entity('issue', z.object({ title: z.string() }))
const CHAIN = 'hn4SOkHjPw_88KfS7RnrzUhiSvANLPULYYJ3B52D7mg'
const POSITION = { eid: 'lineage', epoch: 1, seq: 9, chain: CHAIN, sig: '' }

function scene(oldestOwn?: number) {
  const repo = new Repo({
    entities: [Issue],
    viewer: { authorId: () => undefined, isMine: () => false, volatile: () => false },
    onListenerError: (error) => {
      throw error
    },
    onTable: () => {},
  })
  const table = repo.table(Issue)
  const view = new AuthorView({
    sessionId: 'me',
    messages: repo.messages,
    position: () => POSITION,
    noteReadings: () => {},
    tableOf: () => table,
    isPartial: false,
    oldestOwn: () => oldestOwn,
  })
  const regs = table.registers.set(['title'])
  const entryOf = (sessionId: string, clientSeq: number): Entry =>
    new Entry({
      ...{ session: { authorId: 'a', sessionId }, clientSeq, timestamp: 0, arrival: clientSeq },
      identifier: () => {},
    })
  /** An own message that is being written. */
  const written = (clientSeq: number, id: string, kind: 'create' | 'update'): Draft => {
    const draft = new Draft(entryOf('me', clientSeq), 'a', { limits: LIMITS })
    draft.add(table, id, kind, { regs, values: { title: 'mine' } })
    view.note(draft)
    return draft
  }
  /** A message of another session of the device, which is in the view. */
  const pending = (clientSeq: number, entityId: string, parents: readonly Write[] = []): Write => {
    const entry = entryOf('other', clientSeq)
    const kind = parents.length > 0 ? 'update' : 'create'
    const facts = { index: 0, type: 'issue', entityId, kind, version: 1, regs, parents } as const
    const write = new Write(entry, facts, { title: 'of the other' })
    entry.writes.push(write)
    entry.identify(`m${clientSeq}`, undefined)
    repo.messages.add(entry)
    repo.addPending(entry)
    return write
  }
  return { view, written, pending }
}

test('AUT1 a head line has the shown position, the oldest own message that waits, and what is out of view', () => {
  const { view, written } = scene(3)
  for (const refused of [6, 2, 4]) view.refused(refused)
  expect(written(7, 'row', 'create').entry.seen).toEqual({
    ...{ eid: 'lineage', seq: 9, chain: 'hn4SOkHjPw_88KfS7RnrzQ', from: 3, except: [4, 6] },
  })
})

test('AUT1 where nothing waits, `from` is the first message of the flush, until another flush is opened', () => {
  const { view, written } = scene()
  const seen = [written(7, 'one', 'create'), written(8, 'two', 'create')].map(
    ({ entry }) => entry.seen,
  )
  expect(seen[0]).toMatchObject({ from: 7, except: [] })
  expect(seen[1]).toBe(seen[0])
  view.close()
  expect(written(9, 'three', 'create').entry.seen).toMatchObject({ from: 9 })
})

test('AUT4 a span has what is pending on the row from first to last, without what is not in the view', () => {
  const { written, pending } = scene()
  const third = pending(3, 'row')
  pending(4, 'elsewhere')
  pending(6, 'far')
  pending(7, 'row', [third])
  const { write } = written(1, 'row', 'update').changes[0]!
  const span = { sessionId: 'other', clientSeq: 7, from: 3, except: [5] }
  expect(write.own).toEqual([span])
  expect(write.named).toEqual({ ...NO_NAMES, others: [span] })
})
