/** Rows that are not here: with the pages that they name, the answer is that of all rows. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { entity } from '../schema/entity.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { AbsentRows, type KnownRow } from './absent.ts'
import { QueryEngine } from './engine.ts'

const Task = entity('task', z.object({ title: z.string(), done: z.boolean(), rank: z.number() }))
  .index('open', ['done', 'rank'])
  .index('title', ['title'])
const PAGE_ROWS = 4

interface TestRow {
  readonly id: string
  readonly $archived: boolean
  readonly title: string
  readonly done: boolean
  readonly rank: number
}

function rowsOf(random: SeededRandom, count: number): TestRow[] {
  const below = (end: number): number => Math.floor(random.unit() * end)
  return Array.from({ length: count }, (_, i) => ({
    id: `id ${String(below(1_000)).padStart(3, '0')} ${i}`,
    $archived: below(6) === 0,
    title: 'abc'[below(3)]!,
    done: below(2) === 0,
    rank: below(8),
  }))
}

const asRow = (row: TestRow): AnyRow => row as unknown as AnyRow
const asKnown = (row: TestRow): KnownRow => ({ ...row })

const QUERIES: readonly Query<typeof Task>[] = [
  { where: { done: false }, orderBy: ['rank'], limit: 3 },
  { where: { done: false, rank: { gte: 3 } }, orderBy: ['-rank'], limit: 5 },
  { where: { title: 'a' }, archived: 'include', limit: 2 },
  { orderBy: ['title', '-rank'], limit: 4 },
  { where: { done: true }, archived: 'only' },
  { limit: 2_000 },
  { limit: 0 },
]

test('DSK1: the pages that a query lacks are few, and with them it is exact', () => {
  let saved = 0
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed)
    const all = rowsOf(random, 60)
    const pages = Array.from({ length: 15 }, (_, no) =>
      all.slice(no * PAGE_ROWS, (no + 1) * PAGE_ROWS),
    )
    const isHere = pages.map(() => random.unit() < 0.3)
    const absent = new AbsentRows(new Set(['title', 'done', 'rank']))
    const here = new QueryEngine(Task, () =>
      pages.flatMap((rows, no) => (isHere[no] ? rows.map(asRow) : [])),
    )
    const whole = new QueryEngine(Task, () => all.map(asRow))
    for (const [no, rows] of pages.entries())
      if (!isHere[no]) absent.add(no, rows.map(asKnown), true)
    for (const query of QUERIES) {
      const lacks = here.missing(query, absent)
      saved += isHere.filter((each) => !each).length - lacks.size
      for (const no of lacks) {
        for (const row of pages[no]!) here.changed(undefined, asRow(row)) // a page that was added
        absent.delete(no)
        isHere[no] = true
      }
      expect(here.missing(query, absent).size).toBe(0)
      expect(here.query(query)).toEqual(whole.query(query))
    }
  }
  expect(saved).toBeGreaterThan(1_000)
})

test('DSK2: a field that is not known, and a page that is not, need all that may have a row', () => {
  const [row] = rowsOf(new SeededRandom(1), 1)
  const engine = new QueryEngine(Task, () => [])
  const absent = new AbsentRows(new Set(['done', 'rank']))
  const open = { ...row!, done: false, $archived: false }
  absent.add(1, [open], true)
  absent.add(2, [{ ...open, id: 'other', done: true }], true)
  absent.add(3, [], false)
  expect(engine.missing({ where: { done: false }, limit: 1 }, absent)).toEqual(new Set([1, 3]))
  expect(engine.missing({ where: { title: 'a' }, limit: 1 }, absent)).toEqual(new Set([1, 2, 3]))
  expect(engine.missing({ orderBy: ['title'], limit: 1 }, absent)).toEqual(new Set([1, 2, 3]))
})
