/** Growth with the number of pending changes of each row; their memory is in C6. */
import type { SyncStore } from '@countersign/core'
import { Plain, type TaskRow, pick, seeded, taskRows } from '../data.ts'
import { must } from '../figure.ts'
import { createInBulk, openStore } from '../node/stores.ts'
import { perOperation } from './blocks.ts'
import { type Growth, orderOf } from './order.ts'

const CHANGES = [1, 10, 100]

export async function ofHistory(size: number): Promise<readonly Growth[]> {
  const rows = taskRows(size)
  const store = await openStore(Plain)
  createInBulk(store, Plain, rows, true)
  await store.flushed()
  const costs = { update: [] as number[], read: [] as number[] }
  let made = 0
  for (const changes of CHANGES) {
    for (; made < changes; made++) await updateAll(store, rows, made)
    const random = seeded(92)
    const row = (): TaskRow => pick(random, rows)
    costs.read.push(await perOperation(() => must(store.read(Plain, row().id), 'a row is gone')))
    costs.update.push(
      await perOperation((i) => void store.update(Plain, row().id, { title: `T ${made} ${i}` })),
    )
  }
  await store.close()
  const growth = (name: string, what: string, of: keyof typeof costs): Growth => {
    const facts = { name: `history ${name}`, of: 'pending changes a row', at: CHANGES }
    return { ...facts, what, unit: 'µs', ours: costs[of], order: orderOf(CHANGES, costs[of]) }
  }
  return [growth('update', 'an update', 'update'), growth('read', 'a read', 'read')]
}

async function updateAll(store: SyncStore, rows: readonly TaskRow[], no: number): Promise<void> {
  for (const { id } of rows) store.update(Plain, id, { title: `The title after update ${no}` })
  await store.flushed()
}
