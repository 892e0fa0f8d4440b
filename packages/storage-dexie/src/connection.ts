/**
 * One open database: made by Dexie, then used natively. Owns the layout's versions, the events
 * of the connection, and the incarnation, a random mark that a database gets at its birth.
 *
 * The mark tells "the browser closed the connection" from "the browser threw the data away and
 * closed the connection": a handle that went on writing into the fresh, empty database would
 * leave there a position without what came before it.
 */
import { StorageError } from '@countersign/core/ports'
import type { Dexie, DexieConstructor, Transaction } from 'dexie'
import { INCARNATION, SCHEMA_VERSION, stores } from './schema.ts'
import { request, transact } from './transact.ts'

/** Dexie numbers its versions in tenths of the browser's. */
const nativeVersion = SCHEMA_VERSION * 10
const incarnationBytes = 16

export interface Connection {
  readonly database: IDBDatabase
  readonly incarnation: string
  /** The browser may have closed it before, and so may Dexie, for the page cache. */
  close(): void
}

export interface ConnectionEvents {
  /** Opening waits for other tabs, which hold an older version open. */
  onBlocked(): void
  /** Another connection upgrades, or deletes, the database. This one has closed already. */
  onSuperseded(by: 'upgrade' | 'deletion'): void
}

export interface Target {
  /** As the browser lists it. */
  readonly databaseName: string
  readonly factory: IDBFactory
  /** On reconnection: the mark that the database must bear. */
  readonly incarnation?: string | undefined
}

/** Rejects with a `StorageError`, or with what Dexie threw. */
export async function connect(
  Dexie: DexieConstructor,
  target: Target,
  events: ConnectionEvents,
): Promise<Connection> {
  const dexie = new Dexie(target.databaseName, {
    indexedDB: target.factory,
    // Reopening is ours: it has to look at the incarnation.
    autoOpen: false,
    // What an app registers for its own databases has no business here.
    addons: [],
    cache: 'disabled',
  })
  dexie.version(SCHEMA_VERSION).stores(stores)
  listen(dexie, events)
  // Throwing here aborts the creation: no empty database stays behind.
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

/** False from a listener keeps Dexie's own, which would warn on the console, from running. */
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
  // Dexie opens whatever version it finds.
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
