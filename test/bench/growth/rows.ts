/** Growth with the number of rows, which are acknowledged. */
import type { SyncStore } from '@countersign/core'
import {
  OWNERS,
  Task,
  type TaskRow,
  inputOf,
  mustEqualRows,
  openQuery,
  openRowsOf,
  ownerQuery,
  pick,
  seeded,
  taskRows,
} from '../data.ts'
import { must } from '../figure.ts'
import { RawStore } from '../floors/raw-best.ts'
import { collect } from '../node/rounds.ts'
import { startOffstage } from '../node/offstage.ts'
import { importAcknowledged, openStore } from '../node/stores.ts'
import { perOperation } from './blocks.ts'
import { type Growth, orderOf } from './order.ts'

const FOUND = 100
const WINDOW = 50

/** One operation on either side; `next` numbers all operations, so that each value is new. */
interface Operation {
  readonly name: string
  readonly what: string
  readonly ours: (store: SyncStore, row: TaskRow, no: number) => void
  readonly floor: (store: RawStore, row: TaskRow, no: number) => void
}

const OPERATIONS: readonly Operation[] = [
  {
    name: 'create',
    what: 'a create, two indexes',
    ours: (store, row) => void store.create(Task, inputOf(row)),
    floor: (store, row) => void store.create(inputOf(row)),
  },
  {
    name: 'update',
    what: 'an update of a title, two indexes, a live query of 50 open',
    ours: (store, { id }, no) => void store.update(Task, id, { title: `Title ${no}` }),
    floor: (store, { id }, no) => store.update(id, 'title', `Title ${no}`),
  },
  {
    name: 'update indexed',
    what: 'an update of an indexed field',
    ours: (store, { id }, no) => void store.update(Task, id, { createdAt: no }),
    floor: (store, { id }, no) => store.update(id, 'createdAt', no),
  },
  {
    name: 'get',
    what: 'a read by id',
    ours: (store, { id }) => must(store.read(Task, id), 'a row is gone'),
    floor: (store, { id }) => must(store.get(id), 'a row is gone'),
  },
  {
    name: 'query',
    what: `a query of ${FOUND} rows on an index`,
    ours: (store, { ownerId }) => {
      const query = { ...ownerQuery(ownerId), limit: FOUND }
      must(store.query(Task, query).rows.length > 0, 'a query finds nothing')
    },
    floor: (store, { ownerId }) =>
      must(store.queryOwner(ownerId, FOUND).length > 0, 'a query finds nothing'),
  },
]

export async function ofRows(sizes: readonly number[]): Promise<readonly Growth[]> {
  const ours = new Map<string, number[]>(OPERATIONS.map(({ name }) => [name, []]))
  const floor = new Map<string, number[]>(OPERATIONS.map(({ name }) => [name, []]))
  for (const size of sizes) {
    collect()
    const rows = taskRows(size)
    await measure(rows, { ours, floor })
  }
  return OPERATIONS.map(({ name, what }) => ({
    name,
    what,
    unit: 'µs',
    of: 'rows',
    at: sizes,
    ours: ours.get(name)!,
    floor: floor.get(name)!,
    order: orderOf(sizes, ours.get(name)!, floor.get(name)),
  }))
}

interface Costs {
  readonly ours: ReadonlyMap<string, number[]>
  readonly floor: ReadonlyMap<string, number[]>
}

async function measure(rows: readonly TaskRow[], costs: Costs): Promise<void> {
  const low = new RawStore({ indexed: true })
  low.createMany(rows)
  const offstage = startOffstage()
  const own = await openStore(Task, offstage)
  await importAcknowledged(own, Task, rows)
  own.setOnline(false) // what is measured waits, as on the floor
  const lowLive = low.liveOpen(WINDOW, () => {})
  const ownLive = own.live(Task, openQuery(WINDOW))
  ownLive.subscribe(() => {})
  must(rows.length >= OWNERS, 'too few rows for the owners')
  let no = 0
  for (const { name, ours, floor } of OPERATIONS) {
    const random = seeded(90)
    const base = no
    const forFloor = await perOperation((i) => floor(low, pick(random, rows), base + i))
    const again = seeded(90)
    const forOurs = await perOperation((i) => ours(own, pick(again, rows), base + i))
    costs.floor.get(name)!.push(forFloor)
    costs.ours.get(name)!.push(forOurs)
    no += 10_000
  }
  // Rows created on either side have other ids, which decide the order of equals only.
  const wanted = openRowsOf(own.query(Task).rows, WINDOW)
  mustEqualRows(ownLive.snapshot().rows, wanted, 'the live query')
  must(lowLive.snapshot().length === wanted.length, "the floor's live query")
  await own.close()
  await offstage.close()
}
