/**
 * One open database: opened by Dexie, then used natively. Owns the versions of the layout, the
 * events of the connection, and the incarnation: a random mark that a database gets when it is
 * created.
 *
 * The mark distinguishes a closed connection from a closed connection whose data the browser
 * deleted: a handle that continued to write to the new, empty database would store a position
 * without the data before it.
 */
import { StorageError } from '@countersign/core/ports'
import type { Dexie, DexieConstructor, Transaction } from 'dexie'
import { INCARNATION, SCHEMA_VERSION, stores } from './schema.ts'
import { request, transact } from './transact.ts'

/** Dexie multiplies its version by ten for the browser. */
const nativeVersion = SCHEMA_VERSION * 10
const incarnationBytes = 16

export interface Connection {
  readonly database: IDBDatabase
  readonly incarnation: string
  /** Idempotent: the browser or Dexie may have closed it already, for the page cache. */
  close(): void
}

export interface ConnectionEvents {
  /** Opening waits for other tabs with an older version open. */
  onBlocked(): void
  /** Another connection upgrades or deletes the database. This connection is closed already. */
  onSuperseded(by: 'upgrade' | 'deletion'): void
}

export interface Target {
  /** Name of the database in the browser. */
  readonly databaseName: string
  readonly factory: IDBFactory
  /** On reconnection: the required mark of the database. */
  readonly incarnation?: string | undefined
}

/** Rejects with a `StorageError`, or with an error of Dexie. */
export async function connect(
  Dexie: DexieConstructor,
  target: Target,
  events: ConnectionEvents,
): Promise<Connection> {
  const dexie = new Dexie(target.databaseName, {
    indexedDB: target.factory,
    // The handle reconnects, because it has to check the incarnation.
    autoOpen: false,
    // Addons that an app registers for its own databases are not used here.
    addons: [],
    cache: 'disabled',
  })
  dexie.version(SCHEMA_VERSION).stores(stores)
  listen(dexie, events)
  // Throwing here aborts the creation, so no empty database is left.
  dexie.on('populate', (transaction: Transaction) => {
    if (target.incarnation !== undefined) throw lostData(target.databaseName)
    return transaction.table('state').add(freshMark(), INCARNATION)
  })
  try {
    return await checked(await dexie.open(), target)
  } catch (error) {
    dexie.close()
    throw error
  }
}

/** Resolves when it is deleted: other connections are asked to close, and a hung one delays it. */
export function deleteDatabase({ databaseName, factory }: Target): Promise<void> {
  const deleting = factory.deleteDatabase(databaseName)
  return new Promise((resolve, reject) => {
    deleting.onsuccess = () => resolve()
    deleting.onerror = () => reject(deleting.error)
  })
}

/** Returning false prevents Dexie's own listener, which would warn on the console. */
function listen(dexie: Dexie, events: ConnectionEvents): void {
  dexie.on('blocked', () => {
    events.onBlocked()
    return false
  })
  dexie.on('versionchange', (event: IDBVersionChangeEvent) => {
    dexie.close()
    events.onSuperseded(event.newVersion === null ? 'deletion' : 'upgrade')
    return false
  })
}

async function checked(dexie: Dexie, target: Target): Promise<Connection> {
  const { databaseName } = target
  const database = dexie.backendDB()
  // Dexie opens any version that it finds.
  if (database.version > nativeVersion) {
    throw new StorageError(
      'version',
      `Database "${databaseName}" has layout ${database.version / 10}, this code knows ` +
        `${SCHEMA_VERSION}. Reload the page to get the newer code.`,
    )
  }
  const incarnation: unknown = await transact(database, 'readonly', (scope) =>
    request(scope.store('state').get(INCARNATION)),
  )
  if (typeof incarnation !== 'string') {
    throw new StorageError('failed', `Database "${databaseName}" was not made by this package.`)
  }
  if (target.incarnation !== undefined && target.incarnation !== incarnation) {
    throw lostData(databaseName)
  }
  return { database, incarnation, close: () => dexie.close() }
}

function lostData(databaseName: string): StorageError {
  return new StorageError('closed', `The data of database "${databaseName}" was deleted.`)
}

function freshMark(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(incarnationBytes))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
