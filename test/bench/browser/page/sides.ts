/** Both sides as the pages use them: stores with rows, durable in IndexedDB. */
import { type Entity, type SyncStore, createSyncStore } from '@countersign/core'
import { dexieStorage } from '@countersign/storage-dexie'
import { socketIo } from '@countersign/transport-socketio'
import { Plain, Task, type TaskRow, inputOf } from '../../data.ts'
import { dexieRows } from '../../floors/dexie-rows.ts'
import { idbLog } from '../../floors/idb-log.ts'
import { RowStore } from '../../floors/row-store.ts'

export type Kind = 'floor' | 'ours'
export type DurableKind = 'log' | 'dexie' | 'ours'

export const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const TRANSACTION_ROWS = 128

export async function openFloor(name: string, kind: 'log' | 'dexie' = 'log'): Promise<RowStore> {
  return new RowStore(await (kind === 'log' ? idbLog : dexieRows)(name))
}

export function openOurs(name: string): Promise<SyncStore> {
  return openStore(name, [Task])
}

export async function openStore(...place: Parameters<typeof newStore>): Promise<SyncStore> {
  const store = newStore(...place)
  await store.ready
  return store
}

/** A store that begins to open. Its queries answer as soon as they can. */
export function newStore(
  name: string,
  entities: readonly Entity[],
  reviewer?: { readonly url: string; readonly space: string },
): SyncStore {
  return createSyncStore({
    space: reviewer?.space ?? SPACE,
    entities,
    storage: dexieStorage(name, { persist: false }),
    ...(reviewer && { transports: [socketIo(reviewer.url)] }),
    onError: (error) => reportError(error),
  })
}

export async function fillOurs(store: SyncStore, rows: readonly TaskRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += TRANSACTION_ROWS) {
    store.transact(() => {
      for (const row of rows.slice(from, from + TRANSACTION_ROWS)) {
        store.create(Task, inputOf(row), { id: row.id })
      }
    })
    await macrotask()
  }
  await store.flushed()
}

export { Plain, Task }

const channel = new MessageChannel()
const waiting: (() => void)[] = []
channel.port1.onmessage = () => waiting.shift()?.()

/** Lets everything else on the page have its turn; unlike a timer, at once. */
export function macrotask(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    channel.port2.postMessage(undefined)
  })
}

/** Collects the heap, so that no side pays for another's garbage. */
export async function settle(): Promise<void> {
  ;(globalThis as { gc?: () => void }).gc?.()
  await new Promise((resolve) => setTimeout(resolve, 20))
}

let names = 0

/** A new database. */
export function freshName(): string {
  return `bench-${Date.now()}-${++names}`
}
