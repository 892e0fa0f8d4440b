/** P1: writes until they are durable, and what a reload finds of them. */
import { type TaskRow, digest, inputOf, taskRows } from '../../data.ts'
import { median } from '../../figure.ts'
import { type DurableKind, Task, freshName, macrotask, openFloor, openOurs } from './sides.ts'

/** Writes of one task of the app; what is longer is not the storage's doing. */
const WRITES_A_TASK = 250
const LONE_WRITES = 20

interface Durable {
  readonly write: (row: TaskRow) => void
  readonly settled: () => Promise<void>
  readonly rows: () => Iterable<TaskRow>
}

async function open(kind: DurableKind, name: string): Promise<Durable> {
  if (kind === 'ours') {
    const store = await openOurs(name)
    return {
      write: (row) => void store.create(Task, inputOf(row), { id: row.id }),
      settled: () => store.flushed(),
      rows: () => store.query(Task).rows,
    }
  }
  const store = await openFloor(name, kind)
  return {
    write: (row) => store.put(row),
    settled: () => store.settled(),
    rows: () => store.all(),
  }
}

export interface Written {
  readonly ms: number
  readonly digest: string
  /** Longest task of the page while it wrote, 0 when none exceeded 50 ms. */
  readonly longestMs: number
}

/** The rows stay in memory: what counts is found after a reload, by `checkDurable`. */
export async function writeDurable(
  kind: DurableKind,
  name: string,
  count: number,
): Promise<Written> {
  const rows = taskRows(count, 21)
  const store = await open(kind, name)
  const tasks: number[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration)
  })
  observer.observe({ type: 'longtask' })
  await macrotask()
  const start = performance.now()
  for (let from = 0; from < count; from += WRITES_A_TASK) {
    for (const row of rows.slice(from, from + WRITES_A_TASK)) store.write(row)
    await macrotask()
  }
  await store.settled()
  const ms = performance.now() - start
  await new Promise((resolve) => setTimeout(resolve, 100))
  observer.disconnect()
  return { ms, digest: digest(store.rows()), longestMs: Math.max(0, ...tasks) }
}

/** What the storage holds, in a page that has just been loaded. */
export async function checkDurable(kind: DurableKind, name: string): Promise<string> {
  if (kind === 'ours') return digest((await openOurs(name)).query(Task).rows)
  const { idbLog } = await import('../../floors/idb-log.ts')
  const { dexieRows } = await import('../../floors/dexie-rows.ts')
  return digest(await (await (kind === 'log' ? idbLog : dexieRows)(name)).read())
}

/** One write at a time, in a page that is idle otherwise. */
export async function writeLone(kind: DurableKind): Promise<number> {
  const store = await open(kind, freshName())
  const times: number[] = []
  for (const row of taskRows(LONE_WRITES, 22)) {
    const start = performance.now()
    store.write(row)
    await store.settled()
    times.push(performance.now() - start)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return median(times)
}
