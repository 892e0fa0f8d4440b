/** Shared by the tests of this package: small batches, and other connections to a database. */
import type { Segment, StorageTrouble, StoredState, WriteBatch } from '@countersign/core/ports'
import { expect } from 'vitest'

/** A strict batch of own segments under these keys. */
export function own(...keys: readonly string[]): WriteBatch {
  const segments = keys.map((key): Segment => ({
    key,
    kind: 'own',
    ids: [key],
    text: key,
    check: key,
  }))
  return { durability: 'strict', segments }
}

export function keysOf({ segments }: StoredState): readonly string[] {
  return segments.map(({ key }) => key)
}

export async function expectTrouble(
  call: Promise<unknown>,
  trouble: StorageTrouble,
): Promise<void> {
  await expect(call).rejects.toMatchObject({ name: 'StorageError', trouble })
}

/**
 * Another connection, that of newer or older code. Rejects when this package's connection blocks
 * it.
 */
export function nativeOpen(
  databaseName: string,
  version?: number,
  upgrade: (database: IDBDatabase) => void = () => undefined,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(databaseName, version)
    opening.onupgradeneeded = () => upgrade(opening.result)
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error as DOMException)
    opening.onblocked = () => reject(new Error('blocked'))
  })
}

/** Rejects when a connection of this package blocks the deletion. */
export function nativeDelete(databaseName: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(databaseName)
    deleting.onsuccess = () => resolve()
    deleting.onblocked = () => reject(new Error('blocked'))
  })
}
