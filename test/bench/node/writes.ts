/** C1, C2, C2d and C6u: creates one by one and in bulk, and updates without a listener. */
import { type SyncStore, memoryStorage } from '@countersign/core'
import {
  Plain,
  Task,
  type TaskEntity,
  type TaskRow,
  digest,
  inputOf,
  mustEqualRow,
  openQuery,
  openRowsOf,
  seeded,
  taskRows,
} from '../data.ts'
import { type Figure, type Stretch, loneFigure, median, must, rateFigure } from '../figure.ts'
import { RawStore } from '../floors/raw-best.ts'
import { type Size, clocked, collect, interleaved, stretches, turn } from './rounds.ts'
import { createInBulk, openStore } from './stores.ts'

/** Parts of a C1 run that are timed apart, to see whether it is flat. */
const PARTS = 5
const CHECKED_ROWS = 1_000

interface Run {
  readonly all: Stretch
  /** Time of the last part over the time of the second; the first pays for growing. */
  readonly slope: number
}

export async function c1({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const inputs = rows.map(inputOf)
  const measured = await interleaved<Run>(
    rounds,
    () => {
      const store = new RawStore({ indexed: false })
      const ids: string[] = []
      const run = inParts(inputs, (input) => ids.push(store.create(input)))
      must(store.size === count, `the floor holds ${store.size} rows`)
      checkSome(rows, ids, (id) => store.get(id))
      return run
    },
    async () => {
      const store = await openStore(Plain)
      const ids: string[] = []
      const run = inParts(inputs, (input) => ids.push(store.create(Plain, input).id))
      must(store.query(Plain).rows.length === count, 'not all rows are there')
      checkSome(rows, ids, (id) => store.read(Plain, id))
      await store.close()
      return run
    },
  )
  const all = stretches(measured, (run) => run.all)
  const slopes = measured.ours.map((run) => run.slope)
  return [
    rateFigure({ name: 'C1', what: 'creates one by one, each its own commit' }, all, count),
    {
      ...loneFigure(
        { name: 'C1 flat', what: 'last fifth of C1 over its second fifth', unit: '' },
        slopes,
      ),
      floor: median(measured.floor.map((run) => run.slope)),
    },
  ]
}

function inParts<T>(list: readonly T[], write: (item: T) => void): Run {
  const size = Math.ceil(list.length / PARTS)
  const parts: number[] = []
  const all = clocked(() => {
    for (let from = 0; from < list.length; from += size) {
      const start = performance.now()
      const to = Math.min(from + size, list.length)
      for (let i = from; i < to; i++) write(list[i]!)
      parts.push(performance.now() - start)
    }
  })
  return { all, slope: parts.at(-1)! / parts[1]! }
}

function checkSome(
  rows: readonly TaskRow[],
  ids: readonly string[],
  read: (id: string) => TaskRow | undefined,
): void {
  const step = Math.max(1, Math.floor(rows.length / CHECKED_ROWS))
  for (let i = 0; i < rows.length; i += step) {
    mustEqualRow(read(ids[i]!), { ...rows[i]!, id: ids[i]! }, `row ${i + 1}`)
  }
}

export async function c2({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const inputs = rows.map(inputOf)
  const wanted = openRowsOf(rows, 50).map((row) => row.title)
  const measured = await interleaved<Stretch>(
    rounds,
    () => {
      const store = new RawStore({ indexed: true })
      const time = clocked(() => store.createMany(inputs))
      must(store.size === count && store.owner.size === count, 'the floor lacks rows')
      mustBeTitles(store.queryOpen(50), wanted)
      return time
    },
    async () => {
      const store = await openStore(Task)
      const time = clocked(() => createInBulk(store, Task, rows, false))
      must(store.query(Task).rows.length === count, 'not all rows are there')
      mustBeTitles(store.query(Task, openQuery(50)).rows, wanted)
      await store.close()
      return time
    },
  )
  const facts = { name: 'C2', what: 'creates in bulk, two indexes, rows readable' }
  return [rateFigure(facts, measured, count)]
}

function mustBeTitles(
  found: readonly { readonly title: string }[],
  wanted: readonly string[],
): void {
  must(found.map((row) => row.title).join() === wanted.join(), 'the first 50 open rows')
}

interface Import {
  readonly durable: Stretch
  readonly readable: Stretch
  /** Longest turn of the event loop, on the processor. */
  readonly longestMs: number
}

/** The same until hashed, sealed and stored, through `import`, which leaves the thread responsive. */
export async function c2d({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const inputs = rows.map(inputOf)
  const runs: Import[] = []
  for (let round = 0; round <= rounds; round++) {
    collect()
    const run = await importUntilStored(inputs)
    if (round > 0) runs.push(run)
  }
  const rates = (pick: (run: Import) => Stretch): number[] =>
    runs.map((run) => (count / pick(run).ms) * 1_000)
  const facts = { unit: 'per s' as const }
  return [
    loneFigure(
      { ...facts, name: 'C2d', what: 'import until hashed, sealed and stored' },
      rates((run) => run.durable),
    ),
    loneFigure(
      { ...facts, name: 'C2d readable', what: 'import until all rows are readable' },
      rates((run) => run.readable),
    ),
    loneFigure(
      { name: 'C2d task', what: 'longest turn of the event loop on the way', unit: 'ms' },
      runs.map((run) => run.longestMs),
    ),
  ]
}

async function importUntilStored(inputs: readonly object[]): Promise<Import> {
  const storage = memoryStorage()
  const store = await openStore(Task, { storage })
  const watch = watchTurns()
  const start = performance.now()
  await store.import(Task, inputs as never)
  const readable = { ms: performance.now() - start }
  await store.flushed()
  const durable = { ms: performance.now() - start }
  const longestMs = await watch.stop()
  const before = digest(store.query(Task).rows)
  must(before.startsWith(`${inputs.length}:`), 'not all rows were imported')
  await store.close()
  const again = await openStore(Task, { storage })
  must(digest(again.query(Task).rows) === before, 'the rows differ after a reload')
  await again.close()
  return { readable, durable, longestMs }
}

/** Goes round with the event loop; the longest time between two passes is the longest turn. */
function watchTurns(): { stop: () => Promise<number> } {
  let longestMs = 0
  let running = true
  let last = process.threadCpuUsage()
  const pass = (): void => {
    const used = process.threadCpuUsage(last)
    last = process.threadCpuUsage()
    longestMs = Math.max(longestMs, (used.user + used.system) / 1_000)
    if (running) setImmediate(pass)
  }
  setImmediate(pass)
  return {
    stop: async () => {
      running = false
      await turn()
      return longestMs
    },
  }
}

export async function c6u({ rounds, rows: count }: Size): Promise<Figure[]> {
  const rows = taskRows(count)
  const changes = titleChanges(rows, count)
  const wanted = digest(applied(rows, changes))
  const measured = await interleaved<Stretch>(
    rounds,
    () => {
      const store = new RawStore({ indexed: false })
      store.createMany(rows)
      const time = clocked(() => {
        for (const { id, title } of changes) store.update(id, 'title', title)
      })
      must(digest(store.all()) === wanted, 'the floor holds other rows')
      return time
    },
    async () => {
      const store = await openStore(Plain)
      createInBulk(store, Plain, rows, true)
      const time = updateAll(store, Plain, changes)
      must(digest(store.query(Plain).rows) === wanted, 'the store holds other rows')
      await store.close()
      return time
    },
  )
  const facts = { name: 'C6u', what: 'updates without subscribers' }
  return [rateFigure(facts, measured, changes.length)]
}

interface TitleChange {
  readonly id: string
  readonly title: string
}

function titleChanges(rows: readonly TaskRow[], count: number): TitleChange[] {
  const random = seeded(7)
  return Array.from({ length: count }, (_, i) => ({
    id: rows[Math.floor(random() * rows.length)]!.id,
    title: `Another title of this row ${i}`,
  }))
}

function applied(rows: readonly TaskRow[], changes: readonly TitleChange[]): TaskRow[] {
  const titles = new Map(changes.map(({ id, title }) => [id, title]))
  return rows.map((row) => ({ ...row, title: titles.get(row.id) ?? row.title }))
}

function updateAll(store: SyncStore, entity: TaskEntity, changes: readonly TitleChange[]): Stretch {
  return clocked(() => {
    for (const { id, title } of changes) store.update(entity, id, { title })
  })
}
