/** The changes that a table reports to its queries. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Entry, Write, giveReview } from '../history/entry.ts'
import { entity } from '../schema/entity.ts'
import { Table } from './table.ts'

const viewer = { authorId: () => undefined, isMine: () => false, volatile: () => false }
const session = { authorId: 'a', sessionId: 's' }

/** A table that records the changes that it reports. */
function recorded(): { readonly table: Table; readonly changes: unknown[] } {
  const table = new Table(entity('task', z.object({ title: z.string() })), viewer)
  const changes: unknown[] = []
  table.sink = { changed: (...rows) => void changes.push(rows), emit: () => {} }
  return { table, changes }
}

test('SNAP3 a message that was never shown, and is contained in a row that is yet to come, changes no row', () => {
  const { table, changes } = recorded()
  const entry = new Entry({ session, clientSeq: 2, timestamp: 0, arrival: 1 })
  const regs = table.registers.set(['title'])
  const change = {
    index: 0,
    type: 'task',
    entityId: 'e',
    kind: 'update',
    version: 1,
    regs,
  } as const
  table.acceptContained(new Write(entry, change, { title: 'later' }))
  expect(changes).toEqual([])
  expect(table.size).toBe(0)
})

test('an accepted write changes the row that shows its verdict: the creation, and the newest write', () => {
  const { table, changes } = recorded()
  const seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }
  const facts = { index: 0, type: 'task', entityId: 'e', version: 1 } as const
  const writes = ([1, 2, 3] as const).map((clientSeq) => {
    const entry = new Entry({ session, clientSeq, timestamp: 0, arrival: clientSeq, seen })
    const kind = clientSeq === 1 ? 'create' : 'update'
    const change = { ...facts, kind, regs: table.registers.set(['title']) } as const
    const write = new Write(entry, change, { title: String(clientSeq) })
    entry.identify(`m${clientSeq}`, undefined)
    entry.writes.push(write)
    table.addPending(write)
    return write
  })
  const told = writes.map((write, i) => {
    changes.length = 0
    const review = { reviewerId: 'r', eid: 'e', epoch: 1, seq: i + 1, forked: false, at: 0 }
    giveReview(write.entry, review)
    table.accept(write)
    return changes.length
  })
  expect(told).toEqual([1, 0, 1])
  expect(table.row('e')).toMatchObject({ title: '3', $state: 'canonical' })
  expect(table.row('e')!.$createdOrderKey).not.toBe(table.row('e')!.$orderKey)
})

test('FOLD7 a pending change of a row that is not here shows nothing until the row is here', () => {
  const { table } = recorded()
  const regs = table.registers.set(['title'])
  const [create, update] = (['create', 'update'] as const).map((kind, i) => {
    const entry = new Entry({ session, clientSeq: i + 1, timestamp: 0, arrival: i })
    const facts = { index: 0, type: 'task', entityId: 'e', kind, version: 1, regs }
    const write = new Write(entry, facts, { title: kind })
    entry.identify(kind, undefined)
    entry.writes.push(write)
    return write
  }) as [Write, Write]
  giveReview(create.entry, { reviewerId: 'r', eid: 'e', epoch: 1, seq: 1, forked: false, at: 0 })
  table.addCanonical(create)
  table.addPending(update)
  expect(table.row('e')).toMatchObject({ title: 'update' })
  table.replaceCanonical('e', undefined)
  expect(table.row('e')).toBeUndefined()
  table.addPending(update)
  expect(table.row('e')).toBeUndefined()
  table.replaceCanonical('e', create)
  expect(table.row('e')).toMatchObject({ title: 'update', $state: 'pending' })
})
