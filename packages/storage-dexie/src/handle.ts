/**
 * A storage handle on one database: the queue of calls, and the lifetime of the connection.
 *
 *                   lost: closed by the browser, page cached
 *            ┌──────────────────────────────────────────────┐
 *   open ──▶ connected ──▶ lost ──▶ (next call) reconnect ──┘
 *               │                        │ fails, is lost again, or finds other data
 *               │ superseded             ▼
 *               └──────────────────▶  ended (trouble reported once; every call rejects)
 *
 * Invariants: calls run one at a time, in order, except a batch `atOnce`, which the browser orders;
 * a call is tried at most twice; nothing is written after `ended`. Does not interpret batches.
 */
import {
  type PageReading,
  StorageError,
  type StorageHandle,
  type StorageTrouble,
  type StoredState,
  type WriteBatch,
  type Written,
} from '@countersign/core/ports'
import type { DexieConstructor } from 'dexie'
import { connect, type Connection, deleteDatabase } from './connection.ts'
import { isConnectionLost, toStorageError } from './errors.ts'
import { readPages, readState, readWaiting } from './read.ts'
import { claimMeta, handOver, writeBatch } from './write.ts'

const triesMax = 2

export interface HandleSetup {
  /** The app's name of the storage, for messages. */
  readonly name: string
  readonly databaseName: string
  readonly factory: IDBFactory
  readonly onTrouble: (trouble: StorageTrouble) => void
}

export class DexieHandle implements StorageHandle {
  readonly #Dexie: DexieConstructor
  readonly #setup: HandleSetup
  /**
   * The connection; it may be lost already, which the next call detects. undefined: known to be
   * lost.
   */
  #connection: Connection | undefined
  /** The mark of the database that this handle was opened on. */
  #incarnation: string | undefined
  /** The last queued call; never rejects. */
  #turn: Promise<unknown> = Promise.resolve()
  /** The last `atOnce` call; never rejects. */
  #early: Promise<unknown> = Promise.resolve()
  #closing: Promise<void> | undefined
  #ended: StorageError | undefined

  private constructor(Dexie: DexieConstructor, setup: HandleSetup) {
    this.#Dexie = Dexie
    this.#setup = setup
  }

  /** Rejects with the errors of `connect`. */
  static async open(Dexie: DexieConstructor, setup: HandleSetup): Promise<DexieHandle> {
    const handle = new DexieHandle(Dexie, setup)
    await handle.#connect()
    return handle
  }

  read(): Promise<StoredState> {
    return this.#inTurn('read', readState)
  }

  pages(checkpoint: string, reading: PageReading): Promise<boolean> {
    return this.#inTurn('read', (database) => readPages(database, checkpoint, reading))
  }

  waiting(): Promise<readonly string[]> {
    return this.#inTurn('read', readWaiting)
  }

  write(batch: WriteBatch): Promise<Written> {
    return batch.atOnce ? this.#atOnce(batch) : this.#writeInTurn(batch)
  }

  claim(key: string, value: unknown): Promise<unknown> {
    return this.#inTurn('claim', (database) => claimMeta(database, key, value))
  }

  /** Deletes the database after the calls so far. Other tabs close theirs when the browser asks. */
  async erase(): Promise<void> {
    await this.close()
    try {
      await deleteDatabase(this.#setup)
    } catch (error) {
      throw toStorageError(error, `Storage "${this.#setup.name}" cannot erase`)
    }
  }

  /** Waits for earlier calls; later ones reject with `closed`. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#turn, this.#early]).then(() => this.#disconnect())
    return this.#closing
  }

  #writeInTurn(batch: WriteBatch): Promise<Written> {
    return this.#inTurn('write', (database) => writeBatch(database, batch))
  }

  /** Runs outside the queue; queues the batch if that fails, or without a connection. */
  #atOnce(batch: WriteBatch): Promise<Written> {
    const database = this.#connection?.database
    if (!database || this.#ended !== undefined || this.#closing !== undefined)
      return this.#writeInTurn(batch)
    const run = handOver(database, batch).catch(() => this.#writeInTurn(batch))
    const settled = run.catch(() => undefined)
    this.#early = this.#early.then(() => settled)
    return run
  }

  #inTurn<T>(what: string, job: (database: IDBDatabase) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) {
      return Promise.reject(this.#error('closed', `cannot ${what}: this handle was closed.`))
    }
    const run = this.#turn.then(() => this.#try(what, job))
    this.#turn = run.catch(() => undefined)
    return run
  }

  async #try<T>(what: string, job: (database: IDBDatabase) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      const database = await this.#connected()
      try {
        return await job(database)
      } catch (error) {
        if (!isConnectionLost(error)) {
          throw toStorageError(error, `Storage "${this.#setup.name}" cannot ${what}`)
        }
        this.#disconnect()
        if (tries === triesMax) {
          const { message } = toStorageError(error, 'lost its database twice')
          throw this.#end(this.#error('closed', message))
        }
      }
    }
  }

  async #connected(): Promise<IDBDatabase> {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#connection !== undefined) return this.#connection.database
    try {
      return (await this.#connect()).database
    } catch (error) {
      const { trouble, message } = toStorageError(error, 'cannot be opened again')
      throw this.#end(this.#error(trouble === 'version' ? 'version' : 'closed', message))
    }
  }

  async #connect(): Promise<Connection> {
    const { databaseName, factory, onTrouble } = this.#setup
    const target = { databaseName, factory, incarnation: this.#incarnation }
    const connection = await connect(this.#Dexie, target, {
      onBlocked: () => onTrouble('blocked'),
      onSuperseded: (by) => this.#superseded(by),
    })
    this.#connection = connection
    this.#incarnation = connection.incarnation
    return connection
  }

  #superseded(by: 'upgrade' | 'deletion'): void {
    this.#end(
      by === 'upgrade'
        ? this.#error('version', 'was upgraded by newer code. Reload the page.')
        : this.#error('closed', 'was deleted.'),
    )
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  /** Reports the trouble once, unless the handle was closed. */
  #end(error: StorageError): StorageError {
    if (this.#ended === undefined) {
      this.#ended = error
      if (this.#closing === undefined) this.#setup.onTrouble(error.trouble)
    }
    return this.#ended
  }

  #error(trouble: StorageTrouble, message: string): StorageError {
    return new StorageError(trouble, `Storage "${this.#setup.name}" ${message}`)
  }
}
