/** Growth with the number of open live queries: by the value of a field, and ranges with a limit. */
import type { SyncStore } from '@countersign/core'
import { Task, type TaskRow, openQuery, pick, seeded, taskRows } from '../data.ts'
import { must } from '../figure.ts'
import { createInBulk, openStore } from '../node/stores.ts'
import { perOperation } from './blocks.ts'
import { type Growth, orderOf } from './order.ts'

const COUNTS = [0, 1, 10, 100, 1_000]
/** Owners of few rows, so that 1,000 queries by owner are all different. */
const ROWS_OF_OWNER = 10

type Open = (store: SyncStore, rows: readonly TaskRow[], i: number) => void

const KINDS: readonly { readonly name: string; readonly what: string; readonly open: Open }[] = [
  {
    name: 'queries by value',
    what: 'an update while so many queries of an owner are open',
    open: (store, rows, i) =>
      void store
        .live(Task, {
          where: { ownerId: rows[i * ROWS_OF_OWNER]!.ownerId },
          orderBy: ['createdAt'],
        })
        .subscribe(() => {}),
  },
  {
    name: 'ranges',
    what: 'an update while so many queries of a range with a limit are open',
    open: (store, _, i) => void store.live(Task, openQuery(10 + i)).subscribe(() => {}),
  },
  {
    name: 'row subscribers',
    what: 'an update while so many rows have a subscriber',
    open: (store, rows, i) => void store.subscribe(Task, rows[i]!.id, () => {}),
  },
]

export async function ofQueries(size: number): Promise<readonly Growth[]> {
  const rows = taskRows(size).map((row, i) => ({
    ...row,
    ownerId: `owner ${Math.floor(i / ROWS_OF_OWNER)}`,
  }))
  const counts = COUNTS.filter((count) => count * ROWS_OF_OWNER <= size)
  const growths: Growth[] = []
  for (const { name, what, open } of KINDS) {
    const store = await openStore(Task)
    createInBulk(store, Task, rows, true)
    await store.flushed()
    const ours: number[] = []
    let opened = 0
    for (const count of counts) {
      for (; opened < count; opened++) open(store, rows, opened)
      const random = seeded(91)
      let last: TaskRow | undefined
      ours.push(
        await perOperation((i) => {
          last = pick(random, rows)
          store.update(Task, last.id, { title: `Title ${count} ${i}` })
        }),
      )
      must(store.read(Task, last!.id)?.title.startsWith(`Title ${count} `), 'an update is lost')
    }
    await store.close()
    growths.push({
      name,
      what,
      unit: 'µs',
      of: 'open',
      at: counts,
      ours,
      order: orderOf(counts, ours),
    })
  }
  return growths
}
