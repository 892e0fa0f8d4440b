/**
 * C6: memory a row, of rows that are acknowledged and whose facts are in storage; what the
 * history of a row adds, and what a pending change does. Storage and reviewer live in another
 * thread. Counted are heap, external memory and array buffers of this thread after collection.
 * Data are made on the way and dropped, so that their texts count where a store keeps them.
 */
import type { SyncStore } from '@countersign/core'
import { Task, digest, taskRows } from '../data.ts'
import { type Figure, loneFigure, must } from '../figure.ts'
import { RawStore } from '../floors/raw-best.ts'
import { startOffstage } from './offstage.ts'
import { type Size, collect, turn, until } from './rounds.ts'
import { acknowledged, openStore } from './stores.ts'

/** Updates of each row, of which the first may cost memory and the others must not. */
const UPDATES = 3
const TRANSACTION_ROWS = 128

interface Bytes {
  readonly row: number
  /** A row after its updates. */
  readonly updated: number
  /** What each update after the first has added. */
  readonly history: number
  readonly pending: number
}

export async function c6({ rows: count }: Size): Promise<Figure[]> {
  const floor = await floorBytes(count)
  const ours = await ourBytes(count)
  const figure = (name: string, what: string, pick: (bytes: Bytes) => number): Figure => ({
    ...loneFigure({ name, what, unit: 'B' }, [pick(ours)]),
    floor: pick(floor),
  })
  return [
    figure('C6', 'memory a row, acknowledged, facts in storage, two indexes', (b) => b.row),
    figure('C6 updated', 'the same after three acknowledged updates of each row', (b) => b.updated),
    figure('C6 history', 'what a further acknowledged update adds', (b) => b.history),
    figure('C6 pending', 'what a pending change adds', (b) => b.pending),
  ]
}

async function floorBytes(count: number): Promise<Bytes> {
  const store = new RawStore({ indexed: true })
  const steps = [await memory()]
  store.createMany(taskRows(count))
  store.log.acknowledgeAll()
  steps.push(await memory())
  for (let update = 1; update <= UPDATES; update++) {
    for (const row of store.all().slice()) store.update(row.id, 'title', titleOf(update))
    store.log.acknowledgeAll()
    steps.push(await memory())
  }
  for (const row of store.all().slice()) store.update(row.id, 'title', titleOf(UPDATES + 1))
  steps.push(await memory())
  must(store.size === count, 'the floor lacks rows')
  return bytesOf(steps, count)
}

async function ourBytes(count: number): Promise<Bytes> {
  const offstage = startOffstage()
  const store = await openStore(Task, offstage)
  await until('the link', () => store.status.getState().connection === 'online')
  const steps = [await memory()]
  await store.import(Task, taskRows(count))
  await acknowledged(store)
  steps.push(await memory())
  const ids = taskRows(count).map((row) => row.id)
  // The ids just made stay; what they weigh is no business of the store.
  const kept = (await memory()) - steps[1]!
  for (let update = 1; update <= UPDATES; update++) {
    await updateAll(store, ids, update)
    await acknowledged(store)
    steps.push((await memory()) - kept)
  }
  store.setOnline(false)
  for (const id of ids) store.update(Task, id, { title: titleOf(UPDATES + 1) })
  await store.flushed()
  steps.push((await memory()) - kept)
  checkRows(store, count)
  await store.close()
  await offstage.close()
  return bytesOf(steps, count)
}

function bytesOf(steps: readonly number[], count: number): Bytes {
  const [empty = 0, created = 0, first = 0] = steps
  const last = steps[1 + UPDATES]!
  return {
    row: (created - empty) / count,
    updated: (last - empty) / count,
    history: (last - first) / count / (UPDATES - 1),
    pending: (steps[2 + UPDATES]! - last) / count,
  }
}

/** As long as the titles they replace, and a text of its own for each row. */
function titleOf(update: number): string {
  return Buffer.from(`The title after update no. ${String(update).padStart(8, '0')}`).toString(
    'latin1',
  )
}

async function updateAll(store: SyncStore, ids: readonly string[], update: number): Promise<void> {
  for (let from = 0; from < ids.length; from += TRANSACTION_ROWS) {
    store.transact(() => {
      for (const id of ids.slice(from, from + TRANSACTION_ROWS)) {
        store.update(Task, id, { title: titleOf(update) })
      }
    })
    if (from % (TRANSACTION_ROWS * 32) === 0) await turn()
  }
}

function checkRows(store: SyncStore, count: number): void {
  const { rows } = store.query(Task)
  const wanted = taskRows(count).map((row) => ({ ...row, title: titleOf(UPDATES + 1) }))
  must(digest(rows) === digest(wanted), 'the store holds other rows')
  must(
    rows.every((row) => row.$state === 'pending'),
    'a row is not pending',
  )
}

async function memory(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await turn()
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  // Array buffers are part of what is external.
  return heapUsed + external
}
