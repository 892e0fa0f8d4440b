/** Stores without a network, and ways to fill them. */
import { type SyncStore, createSyncStore, memoryStorage } from '@countersign/core'
import type { Storage, Transport } from '@countersign/core/ports'
import { type TaskEntity, type TaskRow, inputOf } from '../data.ts'
import { RawStore } from '../floors/raw-best.ts'
import { until } from './rounds.ts'

export const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

/** Creates of one transaction: well under what a message holds. */
const TRANSACTION_ROWS = 256
const PART_ROWS = 50_000
const ACK_MS = 600_000

export async function openStore(
  entity: TaskEntity,
  { storage = memoryStorage(), transport }: { storage?: Storage; transport?: Transport } = {},
): Promise<SyncStore> {
  const store = createSyncStore({
    server: true,
    space: SPACE,
    entities: [entity],
    storage,
    ...(transport && { transports: [transport] }),
    onError: (error) => {
      throw error
    },
  })
  await store.ready
  return store
}

/** Many rows by the fastest way there is: transactions as large as they may be. */
export function createInBulk(
  store: SyncStore,
  entity: TaskEntity,
  rows: readonly TaskRow[],
  withIds: boolean,
): void {
  for (let from = 0; from < rows.length; from += TRANSACTION_ROWS) {
    const part = rows.slice(from, from + TRANSACTION_ROWS)
    store.transact(() => {
      for (const row of part) {
        store.create(entity, inputOf(row), withIds ? { id: row.id } : undefined)
      }
    })
  }
}

/** Imports rows, each part of them acknowledged before the next: an outbox has its bounds. */
export async function importAcknowledged(
  store: SyncStore,
  entity: TaskEntity,
  rows: readonly TaskRow[],
): Promise<void> {
  await until('the link', () => store.status.getState().connection === 'online')
  for (let from = 0; from < rows.length; from += PART_ROWS) {
    await store.import(entity, rows.slice(from, from + PART_ROWS))
    await acknowledged(store)
  }
}

/** Resolves when the reviewer has accepted everything, and the storage has it. */
export async function acknowledged(store: SyncStore): Promise<void> {
  await store.flushed()
  await until('acks', () => store.status.getState().outboxMessages === 0, ACK_MS)
  await store.flushed()
}

/** A floor and a store of ours with the same rows under the same ids. */
export async function filledPair(
  entity: TaskEntity,
  rows: readonly TaskRow[],
): Promise<{ floor: RawStore; ours: SyncStore }> {
  const floor = new RawStore({ indexed: entity.indexes.size > 0 })
  floor.createMany(rows)
  const ours = await openStore(entity)
  createInBulk(ours, entity, rows, true)
  await ours.flushed()
  return { floor, ours }
}
