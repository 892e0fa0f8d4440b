/** A row in conflict: found under every value, shown once, as itself. Random worlds: engine.test.ts. */
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { QueryEngine } from './engine.ts'
import { fakeRow, standIn } from './fake-rows.ts'

const Issue = entity('issue', { status: z.string(), points: z.number(), title: z.string() }).index(
  'board',
  ['status', 'points'],
)

function storeOf(variants: (row: AnyRow) => readonly AnyRow[] | undefined): {
  engine: QueryEngine
  write: (row: AnyRow) => void
} {
  const rows = new Map<string, AnyRow>()
  const engine = new QueryEngine(Issue, () => rows.values(), { variants })
  const write = (row: AnyRow): void => {
    const before = rows.get(row.id)
    rows.set(row.id, row)
    engine.changed(before, row)
    engine.emit((error) => {
      throw error
    })
  }
  return { engine, write }
}

const conflict = (row: AnyRow): readonly AnyRow[] | undefined =>
  row.others === undefined
    ? undefined
    : (row.others as object[]).map((fields) => standIn(row, { ...fields }))

test('PROTOCOL 14: a row in conflict is found under every candidate value, once, as the true row', () => {
  const { engine, write } = storeOf(conflict)
  const row = fakeRow('x', { status: 'open', points: 5, title: 't', others: [{ status: 'done' }] })
  write(fakeRow('a', { status: 'done', points: 9, title: 't' }))
  write(row)
  expect(engine.query({ where: { status: 'open' } })).toEqual([row])
  expect(engine.query({ where: { status: 'done' } })[0]).toBe(row)
  expect(engine.query({ where: { status: { in: ['open', 'done'] } } })).toHaveLength(2)
  expect(engine.query({ where: { title: 't' }, orderBy: ['title'] })).toHaveLength(2)
})

test('PROTOCOL 14: the row is at the place of its first matching candidate', () => {
  const { engine, write } = storeOf(conflict)
  for (const points of [1, 3, 5, 7]) write(fakeRow(`r${points}`, { status: 'open', points }))
  write(fakeRow('x', { status: 'open', points: 4, others: [{ points: 0 }, { points: 8 }] }))
  const ids = (query: object): string =>
    engine
      .query(query)
      .map((row) => row.id)
      .join(' ')
  expect(ids({ where: { status: 'open' } })).toBe('r1 r3 x r5 r7')
  expect(ids({ where: { status: 'open', points: { gt: 4 } } })).toBe('r5 r7 x')
  expect(ids({ where: { status: 'open', points: { lt: 4 } } })).toBe('x r1 r3')
  expect(ids({ where: { status: 'open' }, orderBy: ['-points'], limit: 3 })).toBe('r7 r5 x')
})

test('PROTOCOL 14: live queries follow a conflict that begins and is resolved', () => {
  const { engine, write } = storeOf(conflict)
  write(fakeRow('x', { status: 'open', points: 1 }))
  const done = engine.live({ where: { status: 'done' } })
  const listener = vi.fn()
  done.subscribe(listener)
  expect(done.rows()).toEqual([])
  const disputed = fakeRow('x', { status: 'open', points: 1, others: [{ status: 'done' }] })
  write(disputed)
  expect(done.rows()).toEqual([disputed])
  write(fakeRow('x', { status: 'open', points: 1 }))
  expect(done.rows()).toEqual([])
  expect(listener).toHaveBeenCalledTimes(2)
  expect(engine.query({ where: { status: 'done' } })).toEqual([])
})

test('an index has stand-ins with equal sort keys once', () => {
  const { engine, write } = storeOf(conflict)
  const others = [
    { title: 'b' },
    { title: 'c' },
    { status: 'done' },
    { status: 'done', title: 'd' },
  ]
  write(fakeRow('x', { status: 'open', points: 1, title: 'a', others }))
  expect(engine.query({ where: { status: 'done', title: 'd' } })).toHaveLength(1)
  expect(engine.query({ where: { status: 'open', title: 'c' } })).toHaveLength(1)
  expect(engine.query({ where: { status: 'done', title: 'c' } })).toHaveLength(0)
  write(fakeRow('x', { status: 'open', points: 1, title: 'a' }))
  expect(engine.query({ where: { status: 'done' } })).toHaveLength(0)
})

test('a live query of its own that was read before it was opened follows a stand-in out again', () => {
  const { engine, write } = storeOf(conflict)
  for (const points of [1, 3, 5]) write(fakeRow(`r${points}`, { title: 'a', points }))
  write(fakeRow('x', { title: 'b', points: 9, others: [{ title: 'a', points: 2 }] }))
  const live = engine.live({ where: { title: 'a' }, orderBy: ['points'] })
  expect(live.rows().map((row) => row.id)).toEqual(['r1', 'x', 'r3', 'r5'])
  live.subscribe(() => {})
  expect(live.rows()[1]!.points).toBe(9)
  write(fakeRow('x', { title: 'b', points: 9 }))
  expect(live.rows().map((row) => row.id)).toEqual(['r1', 'r3', 'r5'])
})
