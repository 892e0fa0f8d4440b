/** What a table tells its queries. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Entry, Write } from '../history/entry.ts'
import { entity } from '../schema/entity.ts'
import { Table } from './table.ts'

test('SNAP3 a message that was never shown, and is contained in a row that is yet to come, changes no row', () => {
  const viewer = { authorId: () => undefined, isMine: () => false, volatile: () => false }
  const table = new Table(entity('task', z.object({ title: z.string() })), viewer)
  const changes: unknown[] = []
  table.sink = { changed: (...rows) => void changes.push(rows), emit: () => {} }
  const session = { authorId: 'a', sessionId: 's' }
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
