/**
 * The interface of the store as an app and its bindings see it. Every call that reads or
 * writes is synchronous; what is asynchronous underneath shows as states.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import type { FinalReason, Position } from '../message/message.ts'
import type { StorageTrouble } from '../ports/storage.ts'
import type { Entity } from '../schema/entity.ts'
import type { Input, Patch, Query, Row } from '../schema/types.ts'

/**
 * Where a message stands.
 *
 *   draft ──▶ queued ──▶ sent ──▶ accepted
 *     │                    └────▶ rejected ──▶ (its descendants: blocked)
 *     └────▶ volatile (no storage) ──▶ sent
 */
export type MessageState =
  | 'draft'
  | 'queued'
  | 'volatile'
  | 'sent'
  | 'accepted'
  | 'rejected'
  | 'blocked'

/** What became of a message, for good. */
export type Verdict =
  | {
      readonly verdict: 'accepted'
      readonly forked: boolean
      readonly orderKey: string
      readonly reviewerId: Uuid
    }
  | {
      readonly verdict: 'rejected'
      readonly reason: FinalReason
      readonly detail: string | undefined
    }

/** What every write returns. */
export interface Receipt {
  /** The entity written; the first one of a transaction. */
  readonly id: Uuid
  /** Id of the message. Made on first need: asking costs a hash. */
  readonly messageId: Uuid
  readonly state: MessageState
  /** Resolves when the reviewer has spoken, which may be after days offline. Never rejects. */
  settled(): Promise<Verdict>
}

export interface TransactionReceipt<T> {
  /** What the callback returned. */
  readonly result: T
  /** undefined when the callback wrote nothing. */
  readonly receipt: Receipt | undefined
}

export type Peek<E extends Entity> =
  | { readonly status: 'ready'; readonly row: Row<E> }
  | { readonly status: 'archived'; readonly row: Row<E> }
  /** `loading`: the store does not have everything yet. `unknown`: it has, and there is no such row. */
  | { readonly status: 'loading' | 'unknown'; readonly row?: undefined }

export interface QueryResult<E extends Entity> {
  /** Frozen; the same array until a row of it changes. */
  readonly rows: readonly Row<E>[]
  /** Whether every row that the reviewer had as of `asOf` has been taken into account. */
  readonly complete: boolean
  readonly asOf: Position | null
  /** How many of these rows hold a change without a verdict. */
  readonly pending: number
}

/** A query that stays open while somebody listens. */
export interface LiveQuery<E extends Entity> {
  /** The same object until something in it changes. */
  snapshot(): QueryResult<E>
  /** Calls `listener` at most once a message. Returns the end of the subscription. */
  subscribe(listener: () => void): () => void
}

export type Connection = 'none' | 'offline' | 'connecting' | 'syncing' | 'online' | 'closed'

/** Flat and small: `store.status` is a vanilla zustand store of this. */
export interface SyncStatus {
  readonly connection: Connection
  /** Why the last link ended, for people to read. */
  readonly connectionNote: string | undefined
  /** Messages without a verdict, and when the oldest was written (ms since 1970, author's clock). */
  readonly outboxMessages: number
  readonly outboxOldestAt: number | undefined
  /** Messages refused for good in this session. */
  readonly rejectedMessages: number
  /** Whether everything the reviewer had at the last greeting is here. */
  readonly caughtUp: boolean
  readonly position: Position | null
  readonly reviewerId: Uuid | null
  /** `degraded`: writes live in memory only, and are sent at once. */
  readonly storage: 'opening' | 'ok' | 'degraded'
  readonly storageTrouble: StorageTrouble | undefined
  readonly authorId: Uuid | undefined
  readonly sessionId: Uuid | undefined
  /** A broken invariant: the store reads on and writes no more. */
  readonly halted: string | undefined
}

export interface ImportReport {
  readonly messages: number
  readonly rows: number
}

export interface ImportOptions {
  /** Called after each message is written: rows so far, rows in all. */
  readonly onProgress?: (done: number, all: number) => void
  readonly signal?: { readonly aborted: boolean }
}

export interface SyncStore {
  // `this: void`: every verb works when it is taken off the store, as components do.

  /** Resolves when identity and local rows are there; writes before it throw `not_ready`. */
  readonly ready: Promise<void>
  readonly status: StoreApi<SyncStatus>
  readonly entities: readonly Entity[]

  create<E extends Entity>(
    this: void,
    entity: E,
    input: Input<E>,
    options?: { readonly id?: Uuid },
  ): Receipt
  update<E extends Entity>(this: void, entity: E, id: Uuid, patch: Patch<E>): Receipt
  archive(this: void, entity: Entity, id: Uuid): Receipt
  restore(this: void, entity: Entity, id: Uuid): Receipt
  /** One message, one verdict. Nested calls join; a throw writes nothing; an async callback throws. */
  transact<T>(this: void, body: () => T): TransactionReceipt<T>
  /** Many messages, in slices that leave the page responsive; rows with an `id` need a type with supplied ids. */
  import<E extends Entity>(
    this: void,
    entity: E,
    rows: readonly (Input<E> & { readonly id?: Uuid })[],
    options?: ImportOptions,
  ): Promise<ImportReport>

  /** The row, or undefined when it is unknown or archived. */
  read<E extends Entity>(this: void, entity: E, id: Uuid): Row<E> | undefined
  peek<E extends Entity>(this: void, entity: E, id: Uuid): Peek<E>
  query<E extends Entity>(this: void, entity: E, query?: Query<E>): QueryResult<E>
  /** The open query of that meaning: equal meanings share one object. */
  live<E extends Entity>(this: void, entity: E, query?: Query<E>): LiveQuery<E>
  /** Calls `listener` at most once for each message that changes the row. */
  subscribe(this: void, entity: Entity, id: Uuid, listener: () => void): () => void

  /** Connects, or stays away on purpose. Online at the start. */
  setOnline(this: void, online: boolean): void
  /** Resolves when every write so far is durable on this device. */
  flushed(this: void): Promise<void>
  /** Flushes, then frees socket, locks, timers and subscriptions. Idempotent. */
  close(this: void): Promise<void>
}
