/**
 * The store workloads of a process again, by the peers that have a store in memory: same rows, same
 * changes, verified alike. They run after ours in the same process.
 */
import {
  type TaskRow,
  digest,
  inputOf,
  mustEqualRow,
  ownedRowsOf,
  pick,
  seeded,
  taskRows,
} from '../data.ts'
import { type Figure, median, must } from '../figure.ts'
import { type Size, clocked, collect, turn } from './rounds.ts'

/** A store in memory as a workload needs it. */
export interface StorePeer {
  create(row: TaskRow): void
  createMany(rows: readonly TaskRow[]): void
  get(id: string): TaskRow | undefined
  retitle(id: string, title: string): void
  all(): readonly TaskRow[]
  /** A live query of an owner's rows by date; undefined where the library has no queries. */
  live?(ownerId: string, onChange: () => void): { readonly rows: () => readonly { id: string }[] }
  close(): void
}

/** What `../peers/src/node/stores.ts` exports. */
export type StorePeers = Readonly<Record<string, () => StorePeer>>

const READS = 100_000
const LIVE_CHANGES = 100
const ROUNDS = 2

/** A measure in the unit of the figure beside it; undefined where it cannot be made. */
type Measure = (make: () => StorePeer, rows: readonly TaskRow[]) => Promise<number | undefined>

function rate(count: number, ms: number): number {
  return (count / ms) * 1_000
}

const MEASURES: Readonly<Record<string, Measure>> = {
  C1: async (make, rows) => {
    const store = make()
    const { ms } = clocked(() => rows.forEach((row) => store.create(row)))
    must(digest(store.all()) === digest(rows), 'a peer holds other rows')
    store.close()
    return rate(rows.length, ms)
  },
  C2: async (make, rows) => {
    const store = make()
    const { ms } = clocked(() => store.createMany(rows))
    must(digest(store.all()) === digest(rows), 'a peer holds other rows')
    store.close()
    return rate(rows.length, ms)
  },
  C3: async (make, rows) => {
    const store = make()
    store.createMany(rows)
    const random = seeded(3)
    const ids = Array.from({ length: READS }, () => pick(random, rows).id)
    for (const row of rows.slice(0, 100)) mustEqualRow(store.get(row.id), row, 'a peer reads')
    let length = 0
    const { ms } = clocked(() => {
      for (const id of ids) length += store.get(id)!.title.length
    })
    must(length > 0, 'a peer read nothing')
    store.close()
    return rate(READS, ms)
  },
  C4b: async (make, rows) => {
    const store = make()
    store.createMany(rows)
    const { ownerId } = rows[0]!
    const owned = ownedRowsOf(rows, ownerId)
    let end = 0
    const live = store.live?.(ownerId, () => (end = performance.now()))
    if (!live) return undefined
    const times: number[] = []
    for (let i = 0; i < LIVE_CHANGES; i++) {
      await turn()
      const { id } = owned[(i * 7) % owned.length]!
      end = 0
      const start = performance.now()
      store.retitle(id, `A title that is new here, ${i}`)
      while (end === 0) await turn()
      must(live.rows().length === owned.length, 'a live query of a peer has other rows')
      times.push((end - start) * 1_000)
    }
    store.close()
    return median(times)
  },
  C6u: async (make, rows) => {
    const store = make()
    store.createMany(rows)
    const random = seeded(7)
    const changed = rows.map(() => pick(random, rows).id)
    const { ms } = clocked(() => {
      for (const [i, id] of changed.entries()) store.retitle(id, `Another title of this row ${i}`)
    })
    const last = changed.at(-1)!
    const title = `Another title of this row ${changed.length - 1}`
    must(store.get(last)?.title === title, 'a peer lost an update')
    store.close()
    return rate(rows.length, ms)
  },
}

/** The figures, with the medians of the peers beside where they compare. */
export async function withPeers(
  name: string,
  figures: readonly Figure[],
  { rows: count }: Size,
): Promise<Figure[]> {
  const measure = MEASURES[name]
  if (!measure) return [...figures]
  // Installed apart from the workspace, hence not imported by name.
  const module = '../peers/src/node/stores.ts'
  const { STORES } = (await import(module)) as { STORES: StorePeers }
  const rows = taskRows(count).map((row) => ({ id: row.id, ...inputOf(row) }))
  const peers: Record<string, number> = {}
  for (const [peer, make] of Object.entries(STORES)) {
    const values: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      collect()
      const value = await measure(make, rows)
      if (value !== undefined) values.push(value)
    }
    if (values.length > 0) peers[peer] = median(values)
  }
  return figures.map((figure) => (figure.name === name ? { ...figure, peers } : figure))
}
