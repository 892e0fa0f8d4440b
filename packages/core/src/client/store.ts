/**
 * The interface of the store as an app and its bindings see it. Every call that reads or
 * writes is synchronous; what is asynchronous underneath shows as states.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import type { FinalReason, Position } from '../facts/message.ts'
import type { ConnectionRefusal } from '../sync/session-host.ts'
import type { StorageTrouble } from '../ports/storage.ts'
import type { Entity } from '../schema/entity.ts'
import type { DamagedRecord } from './disk/sound-state.ts'
import type { Candidate, Input, Patch, Query, Row } from '../schema/types.ts'

/**
 * Where a message stands.
 *
 *   draft ──▶ queued ──▶ sent ──▶ accepted
 *     │                    └────▶ rejected ──▶ dismissed   (its descendants: blocked ──▶ dismissed)
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
  | 'dismissed'

export type { ConnectionRefusal }

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
      /** Of a `stale` decision: what somebody else had decided before it arrived. */
      readonly standing: readonly StandingValue[]
    }

/** A value that stands in a field, and whose it is. */
export interface StandingValue {
  readonly entity: string
  readonly id: Uuid
  readonly field: string
  /** undefined: the field was unset, or its value is too large to be told with a verdict. */
  readonly value: unknown
  readonly authorId: Uuid
  readonly messageId: Uuid
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

/** What `transact` returns: the callback's result, and the receipt of the one message it wrote. */
export interface TransactionReceipt<T> {
  /** What the callback returned. */
  readonly result: T
  /** undefined when the callback wrote nothing. */
  readonly receipt: Receipt | undefined
}

/** What a transaction stands on. */
export interface TransactOptions {
  /**
   * Rows that must be as they are now when the reviewer decides; otherwise the whole message is
   * refused as `precondition_failed`.
   */
  readonly expect?: readonly { readonly entity: Entity; readonly id: Uuid }[]
}

/** A list that stays open: the same array until something in it changes. */
export interface LiveList<T> {
  snapshot(): readonly T[]
  /** Calls `listener` at most once a message. Returns the end of the subscription. */
  subscribe(listener: () => void): () => void
}

/** One field of one row that holds several values until somebody decides. */
export interface Conflict<E extends Entity = Entity> {
  readonly entity: E
  readonly id: Uuid
  /** `$archived`: one archived the row, another edited it. */
  readonly field: (keyof E['~output'] & string) | '$archived'
  /** The value before people parted, where it is known. */
  readonly base: unknown
  readonly candidates: readonly Candidate[]
  /**
   * Decides: a candidate's value, or any other valid one; `undefined` unsets. Compare-and-set: of
   * two who decide at once, one is accepted and the other hears `stale`, with the winner's value.
   */
  readonly resolve: (value: unknown) => Receipt
}

/** What a message wanted of one row. */
export interface RefusedChange {
  readonly entity: string
  readonly id: Uuid
  readonly kind: 'create' | 'update' | 'resolve' | 'migrate'
  /** By field; undefined: to unset it. `$archived` where the change archived or restored. */
  readonly values: Readonly<Record<string, unknown>>
}

/** An own message that will never be accepted, kept until the app dismisses it. */
export interface RefusedMessage {
  readonly messageId: Uuid
  /** `blocked`: it stands on one that was rejected. */
  readonly state: 'rejected' | 'blocked'
  /** `damaged`: the storage lost what it takes to send it, and no reviewer has seen it. */
  readonly reason: FinalReason | 'damaged'
  readonly detail: string | undefined
  readonly standing: readonly StandingValue[]
  /** The author's clock when it was written, ms since 1970. */
  readonly timestamp: number
  readonly changes: readonly RefusedChange[]
  /** Refused messages that stand on this one, directly or not, in causal order. */
  readonly descendants: readonly Uuid[]
}

/** One change of one row, and what became of it. */
export interface HistoryEntry {
  readonly messageId: Uuid
  readonly kind: 'create' | 'update' | 'resolve' | 'migrate'
  readonly authorId: Uuid
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  /** The version of the type that it was written in. */
  readonly version: number
  /** What it wrote, by field, as this build sees it; undefined: it unset the field. */
  readonly values: Readonly<Record<string, unknown>>
  readonly state: 'accepted' | 'pending' | 'rejected' | 'blocked'
  /** null and undefined without a review. `reviewedAt` is the reviewer's clock. */
  readonly reviewerId: Uuid | null
  readonly reviewedAt: number | undefined
  readonly orderKey: string | undefined
  /** Somebody had written the row beside it. */
  readonly forked: boolean
  readonly reason: FinalReason | 'damaged' | undefined
  readonly detail: string | undefined
}

/** The changes of one row. */
export interface History {
  /** Each message once, in canonical order; what has no verdict comes after, what was refused last. */
  readonly entries: readonly HistoryEntry[]
  /** False where older changes were left out: at most the newest 1,000 are told. */
  readonly complete: boolean
}

/** The version to migrate to, how a run is watched, and how it is stopped. */
export interface MigrateOptions {
  /** The version to rewrite rows in: the newest that this build knows. */
  readonly to: number
  /** Reports what a run would do, and writes nothing. */
  readonly dryRun?: boolean
  /** Called after each message: rows rewritten, rows in all. */
  readonly onProgress?: (done: number, all: number) => void
  readonly signal?: { readonly aborted: boolean }
}

/** What a migration wrote, or would write in a dry run. */
export interface MigrationReport {
  readonly to: number
  /** Rows that hold a value of an older version that reads differently in this one. */
  readonly rows: number
  readonly messages: number
  /** Rows left alone: a value has no form in this version, or this build cannot read it. */
  readonly unreadable: number
  /** Rows left alone until somebody has resolved them. */
  readonly inConflict: number
  /** Steps on which rewriting folds different old values into one, in words. */
  readonly lossySteps: readonly string[]
  /** Why a run ended early, in the reviewer's words. */
  readonly refused?: string
}

/** What an undo or a redo did. */
export interface UndoReport {
  /** undefined when nothing was left to restore. */
  readonly receipt: Receipt | undefined
  /** What stayed as it is, because somebody has written it since. */
  readonly skipped: readonly {
    readonly entity: string
    readonly id: Uuid
    readonly field: string
  }[]
}

/** One row, or why there is none to show. */
export type Peek<E extends Entity> =
  | { readonly status: 'ready'; readonly row: Row<E> }
  | { readonly status: 'archived'; readonly row: Row<E> }
  /** `loading`: the store does not have everything yet. `unknown`: it has, and there is no such row. */
  | { readonly status: 'loading' | 'unknown'; readonly row?: undefined }

/** The rows of a query, sorted, and how far they can be relied on. */
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

/** `refused`: reviewer and store do not fit, see `connectionRefusal`; it is tried again, rarely. */
export type Connection =
  | 'none'
  | 'offline'
  | 'connecting'
  | 'refused'
  | 'syncing'
  | 'online'
  | 'closed'

/** What of a store survives a reset. */
export interface ResetOptions {
  /** Whether messages without a verdict are kept and offered to the reviewer that is met next. */
  readonly keepOutbox: boolean
}

/** Flat and small: `store.status` is a vanilla zustand store of this. */
export interface SyncStatus {
  readonly connection: Connection
  /** Why the last link ended, for people to read. */
  readonly connectionNote: string | undefined
  /** Why the reviewer is not followed, while `connection` is `refused`. */
  readonly connectionRefusal: ConnectionRefusal | undefined
  /** Messages without a verdict, and when the oldest was written (ms since 1970, author's clock). */
  readonly outboxMessages: number
  readonly outboxOldestAt: number | undefined
  /** Messages refused for good, or blocked by one, that nobody has dismissed yet. */
  readonly rejectedMessages: number
  /** Transactions of this session that `undo` and `redo` would take back, at the most. */
  readonly undoable: number
  readonly redoable: number
  /** Whether everything the reviewer had at the last greeting is here. */
  readonly caughtUp: boolean
  readonly position: Position | null
  readonly reviewerId: Uuid | null
  /** `degraded`: writes live in memory only, and are sent at once. */
  readonly storage: 'opening' | 'ok' | 'degraded'
  readonly storageTrouble: StorageTrouble | 'damaged' | undefined
  /**
   * Records of this device's storage that could not be read as they were written. What is left of
   * own messages in them is in `store.refused`; everything else goes on without them.
   */
  readonly damaged: readonly DamagedRecord[]
  /** Why messages wait for the app's `identity.personalId`, as a sentence: it has not answered, or failed. */
  readonly identityTrouble: string | undefined
  readonly authorId: Uuid | undefined
  readonly sessionId: Uuid | undefined
  /** Why this build's versions of a type and those of the space do not fit, as a sentence. */
  readonly schemaTrouble: string | undefined
  /**
   * What the reviewer says cannot be so, as a sentence: it tells two histories, as an author has signed
   * for another one than this store knows, or it says that an author wrote what they have not signed.
   * Nothing is done about it here; it stays until the store is reset.
   */
  readonly alarm: string | undefined
  /** Versions the reviewer does not know yet (`issue 2`): messages written in them wait. */
  readonly reviewerLacks: readonly string[]
  /** A broken invariant: the store reads on and writes no more. */
  readonly halted: string | undefined
}

/** What an import wrote: complete, or up to where it was stopped. */
export interface ImportReport {
  readonly messages: number
  /** How many of the given rows are in, counted from the first: `from` of a run that goes on. */
  readonly rows: number
  /** Of these, rows with an `id` that were there before, with the same values. */
  readonly skipped: number
}

/** Where an import begins, how it is watched, and how it is stopped. */
export interface ImportOptions {
  /**
   * Rows to leave out at the start of the list: those that a run before this one brought in. Rows
   * with an `id` need it not: those that are there with the same values are skipped.
   */
  readonly from?: number
  /** Called as rows become durable on this device: rows so far, rows in all. */
  readonly onProgress?: (done: number, all: number) => void
  readonly signal?: { readonly aborted: boolean }
}

/** A local replica of one space: reads and writes are synchronous, syncing goes on behind them. */
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
  /**
   * Decides what a field in conflict holds, and discards its other candidates. Compare-and-set by
   * field. Fields without a conflict may be decided, too: then it is an update that must not race.
   */
  resolve<E extends Entity>(this: void, entity: E, id: Uuid, values: Patch<E>): Receipt
  /**
   * One message, one verdict; at most 4,096 rows. A throw writes nothing; an async callback throws.
   * Nested calls join: one that throws takes back its own writes alone, when the outer one catches
   * what it threw.
   */
  transact<T>(this: void, body: () => T, options?: TransactOptions): TransactionReceipt<T>
  /**
   * Rewrites rows of older versions in the newest one, as reviewed messages. Needs the capability
   * (a rule of the reviewer), and is hardly ever needed: rows of any version are read side by side.
   * May be cut short and run again. Rejects with CountersignError `invalid` for another version.
   */
  migrate(this: void, entity: Entity, options: MigrateOptions): Promise<MigrationReport>
  /**
   * Takes back the newest transaction of this session that still stands, as a new message: every
   * field that nobody has written since gets its value back; a row it created is archived.
   * Returns undefined when there is none.
   */
  undo(this: void): UndoReport | undefined
  redo(this: void): UndoReport | undefined
  /**
   * Many messages, in slices that leave the page responsive; rows with an `id` need a type with
   * supplied ids. Every row is checked first: a wrong one rejects with a CountersignError that has
   * its `index` and `reason`, and changes nothing. Resolves when what it wrote is durable here;
   * aborted, closed or full, it says how many rows are in, and `from` goes on from there.
   */
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

  /** Open conflicts of one type, or of all, oldest first. */
  conflicts<E extends Entity>(this: void, entity?: E): LiveList<Conflict<E>>
  /** Own messages that were refused, with those that stand on them, in causal order. */
  readonly refused: LiveList<RefusedMessage>
  /** Calls `listener` for each message that is rejected from now on. */
  onRejected(this: void, listener: (message: RefusedMessage) => void): () => void
  /**
   * Writes a refused message and those that stand on it anew, on what stands now, and dismisses
   * them. All or nothing. Returns a receipt for each.
   * @throws CountersignError `unknown_message` when nothing of that id is refused.
   */
  reauthor(this: void, messageId: Uuid): readonly Receipt[]
  /** Dismisses a refused message and those that stand on it; or a damaged record, by its key. */
  discard(this: void, messageId: Uuid): void

  /**
   * Who did what to the row, when, and what became of it. Asks the reviewer.
   * Rejects with CountersignError `unavailable` while it cannot be asked.
   */
  history(this: void, entity: Entity, id: Uuid): Promise<History>

  /**
   * Forgets the reviewer and all rows that came from it, and follows the reviewer that is met
   * next: for a space whose reviewer began anew (`connectionRefusal`). With `keepOutbox`, messages
   * without a verdict stay; those that change rows of the old reviewer go to `refused` as
   * `parent_compacted`, where `reauthor` and `discard` deal with them. Without it, all are discarded.
   */
  reset(this: void, options: ResetOptions): Promise<void>
  /** Connects, or stays away on purpose. Online at the start. */
  setOnline(this: void, online: boolean): void
  /** Resolves when every write so far is durable on this device. */
  flushed(this: void): Promise<void>
  /** Flushes, then frees socket, locks, timers and subscriptions. Idempotent. */
  close(this: void): Promise<void>
}
