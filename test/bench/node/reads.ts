/** C3, C5 and C4o: one row, one query, and opening a live query. */
import {
  Plain,
  Task,
  mustEqualRow,
  mustEqualRows,
  openQuery,
  openRowsOf,
  ownedRowsOf,
  ownerQuery,
  pick,
  seeded,
  taskRows,
} from '../data.ts'
import { type Figure, type Stretch, median, must, rateFigure, timeFigure } from '../figure.ts'
import { type Size, clocked, interleaved } from './rounds.ts'
import { filledPair } from './stores.ts'

const READS = 500_000
const QUERIES = 2_000
const OPENINGS = 100

export async function c3({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const { floor, ours } = await filledPair(Plain, rows)
  const random = seeded(3)
  const ids = Array.from({ length: READS }, () => pick(random, rows).id)
  for (const row of rows) {
    mustEqualRow(floor.get(row.id), row, 'the floor reads')
    mustEqualRow(ours.read(Plain, row.id), row, 'the store reads')
  }
  let length = 0
  const wanted = titleLengths(ids, new Map(rows.map((row) => [row.id, row.title.length])))
  const measured = await interleaved<Stretch>(
    rounds,
    () => {
      length = 0
      const time = clocked(() => {
        for (const id of ids) length += floor.get(id)!.title.length
      })
      must(length === wanted, 'the floor read something else')
      return time
    },
    () => {
      length = 0
      const time = clocked(() => {
        for (const id of ids) length += ours.read(Plain, id)!.title.length
      })
      must(length === wanted, 'the store read something else')
      return time
    },
  )
  await ours.close()
  return [rateFigure({ name: 'C3', what: 'get by id, random' }, measured, READS)]
}

function titleLengths(ids: readonly string[], lengths: ReadonlyMap<string, number>): number {
  let sum = 0
  for (const id of ids) sum += lengths.get(id)!
  return sum
}

export async function c5({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const { floor, ours } = await filledPair(Task, rows)
  const owners = [...new Set(rows.map((row) => row.ownerId))]
  for (const owner of owners) {
    const wanted = ownedRowsOf(rows, owner)
    mustEqualRows(floor.queryOwner(owner), wanted, 'the floor finds')
    mustEqualRows(ours.query(Task, ownerQuery(owner)).rows, wanted, 'the store finds')
  }
  const random = seeded(5)
  const asked = Array.from({ length: QUERIES }, () => pick(random, owners))
  const found = (count / owners.length) * QUERIES
  let rowsFound = 0
  const measured = await interleaved<Stretch>(
    rounds,
    () => {
      rowsFound = 0
      const time = clocked(() => {
        for (const owner of asked) rowsFound += floor.queryOwner(owner).length
      })
      must(rowsFound === found, `the floor found ${rowsFound} rows`)
      return time
    },
    () => {
      rowsFound = 0
      const time = clocked(() => {
        for (const owner of asked) rowsFound += ours.query(Task, ownerQuery(owner)).rows.length
      })
      must(rowsFound === found, `the store found ${rowsFound} rows`)
      return time
    },
  )
  await ours.close()
  const what = `one-shot query of ${count / owners.length} rows on an index`
  return [timeFigure({ name: 'C5', what, unit: 'µs' }, measured, QUERIES)]
}

/** Each opening has a limit of its own, so that no query is found again. */
export async function c4o({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const { floor, ours } = await filledPair(Task, rows)
  const open = openRowsOf(rows, 50 + (rounds + 1) * OPENINGS)
  const limitOf = (round: number, i: number): number => 50 + round * OPENINGS + i
  const measured = await interleaved<Stretch>(
    rounds,
    (round) =>
      medianOf((i) => {
        const limit = limitOf(round, i)
        let read: readonly unknown[] = []
        const time = clocked(() => {
          const live = floor.liveOpen(limit, () => {})
          read = live.snapshot()
          floor.close(live)
        })
        must(read.length === limit, 'the floor opened another query')
        return time
      }),
    (round) =>
      medianOf((i) => {
        const limit = limitOf(round, i)
        let read: readonly { readonly id: string }[] = []
        let end = (): void => {}
        const time = clocked(() => {
          const live = ours.live(Task, openQuery(limit))
          end = live.subscribe(() => {})
          read = live.snapshot().rows
        })
        end()
        must(read.length === limit && read.at(-1)!.id === open[limit - 1]!.id, 'the opened query')
        return time
      }),
  )
  await ours.close()
  const facts = { name: 'C4o', what: 'opening the query of C4 on a declared index', unit: 'ms' }
  return [timeFigure({ ...facts, unit: 'ms' }, measured)]
}

function medianOf(open: (i: number) => Stretch): Stretch {
  const times = Array.from({ length: OPENINGS }, (_, i) => open(i).ms)
  return { ms: median(times) }
}
