/**
 * The public interface of the store, for apps and bindings. Reads and writes are synchronous; the
 * progress of asynchronous work shows as states.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { FinalReason, MessageState, Position } from '../facts/message.ts'
import type { ConnectionRefusal } from '../sync/session-host.ts'
import type { Auth } from './identity/credentials.ts'
import type { Me } from './identity/me.ts'
import type { ErasingStore } from './erasing-store.ts'
import type { Include, IncludedRow, Peek } from './included.ts'
import type { StorageTrouble } from '../ports/storage.ts'
import type { StorageHealth } from '../ports/storage-care.ts'
import type { Ended } from './outbox/hint.ts'
import type { ImportOptions, ImportReport, UnsentReport } from './verbs/reports.ts'
import type { Entity } from '../schema/entity.ts'
import type { PeerStatus } from './peer-status.ts'
import type { DamagedRecord } from './disk/sound-state.ts'
import type { Candidate, Input, Patch, Query, Row, RowMeta } from '../schema/types.ts'

export type { Auth, ConnectionRefusal, Ended, ImportOptions, ImportReport, Me, Peek }
export type { StorageHealth, UnsentReport }

/** The final outcome of a message. */
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
      /** Values of others: with `stale`, what came first; with `contested`, what is to be resolved. */
      readonly standing: readonly StandingValue[]
    }

/** The current value of a field, with its author. */
export interface StandingValue {
  readonly entity: string
  readonly id: Uuid
  readonly field: string
  /** undefined: the field was unset, or its value is too large for a verdict. */
  readonly value: unknown
  readonly authorId: Uuid
  readonly messageId: Uuid
}

/** The result of every write. */
export interface Receipt {
  /** The entity written; the first one of a transaction. */
  readonly id: Uuid
  /**
   * Id of the message. Computed on first access, which costs a hash.
   * @throws CountersignError `not_ready` while the personal id is not known (`status.identityTrouble`),
   * or the session is not signed yet, which takes milliseconds.
   */
  readonly messageId: Uuid
  readonly state: MessageState
  /** Resolves with the reviewer's verdict, possibly after days offline. Never rejects. */
  settled(): Promise<Verdict>
}

/** The result of `transact`: the callback's result, and the receipt of the one message it wrote. */
export interface TransactionReceipt<T> {
  /** The return value of the callback. */
  readonly result: T
  /** undefined when the callback wrote nothing. */
  readonly receipt: Receipt | undefined
}

/** The preconditions of a transaction. */
export interface TransactOptions {
  /**
   * Rows that must be unchanged when the reviewer decides; otherwise the whole message is rejected
   * with `precondition_failed`.
   */
  readonly expect?: readonly { readonly entity: Entity; readonly id: Uuid }[]
}

/** A list that stays open: the same array until something in it changes. */
export interface LiveList<T> {
  snapshot(): readonly T[]
  /** Calls `listener` at most once a message. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void
}

/** One field of one row with several concurrent values, until an author resolves it. */
export interface Conflict<E extends Entity = Entity> {
  readonly entity: E
  readonly id: Uuid
  /** `$archived`: one author archived the row while another edited it. */
  readonly field: (keyof E['~output'] & string) | '$archived'
  /** The common ancestor's value, where it is known. */
  readonly base: unknown
  readonly candidates: readonly Candidate[]
  /**
   * Resolves the conflict with a candidate's value, or any other valid one; `undefined` unsets.
   * Compare-and-set: of two concurrent decisions one is accepted and the other rejected as `stale`,
   * with the winner's value.
   */
  readonly resolve: (value: unknown) => Receipt
}

/** The change that an unsent or refused message makes to one row. */
export interface RefusedChange {
  readonly entity: string
  readonly id: Uuid
  readonly kind: 'create' | 'update' | 'resolve' | 'migrate'
  /** By field; undefined: the change unset it. `$archived` where the change archived or restored. */
  readonly values: Readonly<Record<string, unknown>>
}

/** An own message that will never be accepted, kept until the app dismisses it. */
export interface RefusedMessage {
  readonly messageId: Uuid
  /** `blocked`: it depends on a rejected message. */
  readonly state: 'rejected' | 'blocked'
  /** `damaged`: its stored record is damaged, so it cannot be sent; no reviewer has seen it. */
  readonly reason: FinalReason | 'damaged'
  readonly detail: string | undefined
  readonly standing: readonly StandingValue[]
  /** The author's clock when it was written, ms since 1970. */
  readonly timestamp: number
  readonly changes: readonly RefusedChange[]
  /** Refused messages that depend on this one, directly or not, in causal order. */
  readonly descendants: readonly Uuid[]
}

/** One change of one row, with its outcome. */
export interface HistoryEntry {
  readonly messageId: Uuid
  readonly kind: 'create' | 'update' | 'resolve' | 'migrate'
  readonly authorId: Uuid
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  /** The version of the type that it was written in. */
  readonly version: number
  /** The written values, by field, as this build reads them; undefined: the change unset the field. */
  readonly values: Readonly<Record<string, unknown>>
  readonly state: 'accepted' | 'pending' | 'rejected' | 'blocked'
  /** null, and the next two undefined, without a review. `reviewedAt` is the reviewer's clock, ms since 1970. */
  readonly reviewerId: Uuid | null
  readonly reviewedAt: number | undefined
  readonly orderKey: string | undefined
  /** Another author had written the row concurrently. */
  readonly forked: boolean
  readonly reason: FinalReason | 'damaged' | undefined
  readonly detail: string | undefined
}

/** The changes of one row. */
export interface History {
  /** Each message once: accepted ones in canonical order, then pending, then refused ones. */
  readonly entries: readonly HistoryEntry[]
  /** False where older changes were left out: it has at most the newest 1,000. */
  readonly complete: boolean
}

/** The target version of a migration, its progress callback, and its abort signal. */
export interface MigrateOptions {
  /** The target version: the newest that this build knows. */
  readonly to: number
  /** Computes the report, and writes nothing. */
  readonly dryRun?: boolean
  /** Called after each message: rows rewritten, rows in total. */
  readonly onProgress?: (done: number, all: number) => void
  readonly signal?: { readonly aborted: boolean }
}

/** The result of a migration, or of a dry run. */
export interface MigrationReport {
  readonly to: number
  /** Rows with a value of an older version that differs in the target version. */
  readonly rows: number
  readonly messages: number
  /** Skipped rows: a value has no form in the target version, or this build cannot read it. */
  readonly unreadable: number
  /** Skipped rows: they have open conflicts. */
  readonly inConflict: number
  /** Lens steps that map different old values to one, in words. */
  readonly lossySteps: readonly string[]
  /** Why a run ended early: the detail or reason of the reviewer's rejection. */
  readonly refused?: string
}

/** The result of an undo or a redo. */
export interface UndoReport {
  /** undefined when there was nothing to restore. */
  readonly receipt: Receipt | undefined
  /** Fields left unchanged, because another author has written them since. */
  readonly skipped: readonly {
    readonly entity: string
    readonly id: Uuid
    readonly field: string
  }[]
}

/** The rows of a query, sorted, and whether they are complete. */
export interface QueryResult<E extends Entity> {
  /** Frozen; the same array until a row of it changes. */
  readonly rows: readonly Row<E>[]
  /**
   * Whether the result includes every row that the reviewer had as of `asOf`. With `scope: followed`
   * that is so when the followed rows include those of the query, and all of them have arrived.
   */
  readonly complete: boolean
  readonly asOf: Position | null
  /** How many of these rows have a change without a verdict, or with one that is not checked yet. */
  readonly pending: number
}

/** The result of a query with `include`. */
export interface IncludedResult<E extends Entity, I> extends Omit<QueryResult<E>, 'rows'> {
  readonly rows: readonly IncludedRow<E, I>[]
  /** Also whether every included row is here, where there is one. */
  readonly complete: boolean
}

/** Rows that the store keeps up to date until they are released. */
export interface Followed {
  /** Resolves when all of these rows have arrived. */
  readonly ready: Promise<void>
  /** Idempotent. The rows stay as they are now, and are not kept up to date for this. */
  release(): void
}

/** A query whose result is kept up to date while it has subscribers. */
export interface LiveQuery<E extends Entity, R = QueryResult<E>> {
  /** The same object until something in it changes. */
  snapshot(): R
  /** Calls `listener` at most once a message. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void
}

/**
 * `refused`: reviewer and store are incompatible, see `connectionRefusal`; retried rarely.
 * `unauthorised`: the reviewer does not take the app's token, see `connectionNote`. Nothing is lost; the
 * app is asked for another one with a growing pause, and `setAuth` tries at once.
 */
export type ConnectionState =
  | 'none'
  | 'offline'
  | 'connecting'
  | 'refused'
  | 'unauthorised'
  | 'syncing'
  | 'online'
  | 'closed'

/**
 * The treatment of a person's work at sign-out. `keep`: it stays on this device, for their next
 * sign-in, with their key and their rows. `refuse`: they stay signed in while anything is unsent;
 * otherwise everything of theirs is deleted here. `discard`: it is deleted, sent or not.
 */
export interface SignOutOptions {
  readonly unsent: 'keep' | 'refuse' | 'discard'
}

/** An own message that no other device has for sure: without a verdict (`waiting`), or refused and not dismissed. */
export interface UnsentMessage {
  readonly state: 'waiting' | RefusedMessage['state']
  /** The author's clock when it was written, ms since 1970. */
  readonly timestamp: number
  readonly changes: readonly RefusedChange[]
}

/** Whether the person is signed out, and what was unsent, oldest first. */
export interface SignOutReport {
  readonly signedOut: boolean
  readonly unsent: readonly UnsentMessage[]
}

/** Whether messages survive a reset. */
export interface ResetOptions {
  /** Whether messages without a verdict are kept and sent to the next reviewer. */
  readonly keepOutbox: boolean
}

/** Flat and small: `store.status` is a vanilla zustand store of this. */
export interface SyncStatus extends PeerStatus {
  readonly connection: ConnectionState
  /** Why the last link ended, as text for humans. */
  readonly connectionNote: string | undefined
  /** Why the store does not follow the reviewer, while `connection` is `refused` or `unauthorised`. */
  readonly connectionRefusal: ConnectionRefusal | undefined
  /** Messages without a verdict, and when the oldest was written (ms since 1970, author's clock). */
  readonly outboxMessages: number
  readonly outboxOldestAt: number | undefined
  /** Rejected and blocked messages that the app has not dismissed. */
  readonly rejectedMessages: number
  /** Transactions of this session that `undo` and `redo` can revert. */
  readonly undoable: number
  readonly redoable: number
  /** Whether the store has everything that the reviewer had at the last greeting. */
  readonly caughtUp: boolean
  readonly position: Position | null
  readonly reviewerId: Uuid | null
  /** `degraded`: writes are kept in memory only, and sent at once. */
  readonly storage: 'opening' | 'ok' | 'degraded'
  readonly storageTrouble: StorageTrouble | 'damaged' | undefined
  /** undefined without a storage, with one that says nothing of itself, and while it is asked. */
  readonly storageHealth: StorageHealth | undefined
  /** Damaged records of this device; own messages in them that can be read are in `store.refused`. */
  readonly damaged: readonly DamagedRecord[]
  /**
   * Why messages wait for a person, as a sentence: the app's `identity.personalId` is unresolved, or
   * earlier sessions are of another person than the login.
   */
  readonly identityTrouble: string | undefined
  readonly authorId: Uuid | undefined
  readonly sessionId: Uuid | undefined
  /** Why this build's versions of a type and those of the space are incompatible, as a sentence. */
  readonly schemaTrouble: string | undefined
  /**
   * Evidence against the reviewer, as a sentence: it has two histories, since an author has signed
   * another one than this store has, or it names an author for what that author has not signed. The
   * store takes no action; the value stays until `reset`.
   */
  readonly alarm: string | undefined
  /**
   * The last capabilities of this person from the reviewer; undefined before the first ones.
   * Without `write` the space is read only: writes are shown, rejected, and then in
   * `store.refused`.
   */
  readonly capabilities: readonly Capability[] | undefined
  /** Why own messages wait for the operator of the reviewer, as a sentence: a rule of it fails. */
  readonly undecided: string | undefined
  /** Versions the reviewer does not know yet (`issue 2`): messages written in them stay in the outbox. */
  readonly reviewerLacks: readonly string[]
  /** The broken invariant that halted the store: reads still work, writes throw `halted`. */
  readonly halted: string | undefined
  /** Why the store has closed itself: it has no rows any more, and the app opens another store. */
  readonly ended: Ended | undefined
}

/** A local replica of one space: reads and writes are synchronous, sync runs in the background. */
export interface SyncStore extends ErasingStore {
  // `this: void`: verbs are bound, so components may destructure them.

  /** Resolves when identity and local rows are loaded; writes before that throw `not_ready`. */
  readonly ready: Promise<void>
  readonly status: StoreApi<SyncStatus>
  readonly entities: readonly Entity[]
  /** For the functions of this library that read a store (`reads/reads.ts`). */
  readonly '~reads': object
  /** Who writes here, and under which other author ids this person has written. */
  readonly me: StoreApi<Me>
  /** Whether this person wrote it: of a row, whether they created it; or an author id. */
  isMine(this: void, of: Pick<RowMeta, '$mine'> | Uuid): boolean

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
   * Resolves fields in conflict: sets a value and discards the other candidates. Compare-and-set by
   * field. For a field without a conflict it is an update that is rejected when it races.
   */
  resolve<E extends Entity>(this: void, entity: E, id: Uuid, values: Patch<E>): Receipt
  /**
   * Writes one message, which gets one verdict; at most 4,096 rows. When `body` throws, nothing is
   * written; an async `body` throws. Nested calls join the outer transaction; one that throws rolls
   * back its own writes only, when the outer one catches the error.
   */
  transact<T>(this: void, body: () => T, options?: TransactOptions): TransactionReceipt<T>
  /**
   * Rewrites rows of older versions in the newest one, as reviewed messages. Needs the capability
   * (a rule of the reviewer). Rarely needed: rows of all versions are readable as they are. A run
   * that was interrupted can be repeated. Rejects with CountersignError `invalid` for another version.
   */
  migrate(this: void, entity: Entity, options: MigrateOptions): Promise<MigrationReport>
  /**
   * Reverts the newest transaction of this session that was not rejected, as a new message: restores
   * every field that has not been written since, and archives a row that the transaction created.
   * Returns undefined when there is none.
   */
  undo(this: void): UndoReport | undefined
  redo(this: void): UndoReport | undefined
  /**
   * Creates many rows as several messages, in slices that keep the page responsive; rows with an
   * `id` need a type with supplied ids. All rows are validated first: an invalid row rejects with a
   * CountersignError that has its `index` and `reason`, and nothing is written. Resolves when all
   * writes are durable here, or volatile where the storage fails (`status.storage`). When aborted, closed or full, it reports how many rows are imported;
   * `from` resumes there.
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
  /** With the rows that its references name. */
  query<E extends Entity, const I extends Include<E>>(
    this: void,
    entity: E,
    query: Query<E> & { readonly include: I },
  ): IncludedResult<E, I>
  query<E extends Entity>(this: void, entity: E, query?: Query<E>): QueryResult<E>
  /** The live query of that meaning: equal queries share one object. */
  live<E extends Entity, const I extends Include<E>>(
    this: void,
    entity: E,
    query: Query<E> & { readonly include: I },
  ): LiveQuery<E, IncludedResult<E, I>>
  live<E extends Entity>(this: void, entity: E, query?: Query<E>): LiveQuery<E>
  /**
   * Keeps the rows of a query up to date, in a store with `scope: followed`; open live queries do the
   * same for theirs. Equalities in `where` narrow what is followed, where the stored values of their
   * fields are the same in all versions of the type; other conditions do not. In other stores all
   * rows are followed anyway.
   */
  follow<E extends Entity>(this: void, entity: E, query?: Query<E>): Followed
  /** Asks the reviewer once for the rows of a query, and resolves to them when all are here. */
  fetch<E extends Entity>(this: void, entity: E, query?: Query<E>): Promise<QueryResult<E>>
  /** Calls `listener` at most once for each message that changes the row. */
  subscribe(this: void, entity: Entity, id: Uuid, listener: () => void): () => void

  /** Open conflicts of one type, or of all, oldest first. */
  conflicts<E extends Entity>(this: void, entity?: E): LiveList<Conflict<E>>
  /** Own messages that were rejected, and those that depend on them, in causal order. */
  readonly refused: LiveList<RefusedMessage>
  /** Calls `listener` for each message that is rejected from now on. */
  onRejected(this: void, listener: (message: RefusedMessage) => void): () => void
  /**
   * Writes a refused message and those that depend on it again, on the current rows, and dismisses
   * the old ones. All or nothing. Returns a receipt for each.
   * @throws CountersignError `unknown_message` when no refused message has that id.
   */
  reauthor(this: void, messageId: Uuid): readonly Receipt[]
  /** Dismisses a refused message and those that depend on it; or the report of a damaged record, by its key. */
  discard(this: void, messageId: Uuid): void

  /**
   * Fetches the history of a row from the reviewer: its changes, their authors, times and outcomes.
   * Rejects with CountersignError `unavailable` while there is no connection.
   */
  history(this: void, entity: Entity, id: Uuid): Promise<History>

  /**
   * The own messages that the reviewer has not accepted, as the text of a file: those that wait, and those in
   * `refused`. For a device whose storage may be lost, or that never gets online again.
   */
  export(this: void): Promise<string>
  /**
   * Writes the messages of an exported text as new ones, by this store's author, on the rows that are here: rows
   * that were created get new ids. Those that were accepted since, or are here already, are skipped, so a text
   * that is imported twice writes once. Rejects with CountersignError `invalid` for a text that is damaged, or of
   * another space; with `unavailable` where the reviewer must be asked and there is no connection, or where the
   * storage does not tell what was imported before.
   */
  importUnsent(this: void, text: string): Promise<UnsentReport>

  /**
   * Forgets the reviewer and all its rows, and trusts the next reviewer: for a space whose reviewer
   * restarted without its data (`connectionRefusal`). With `keepOutbox`, messages without a verdict
   * stay; those that change rows of the old reviewer move to `refused` as `parent_lost`, for
   * `reauthor` or `discard`. Without it, all are discarded.
   */
  reset(this: void, options: ResetOptions): Promise<void>
  /**
   * Gives another token, or another function for it, as the option `auth`: after a login, or for a token
   * that was refreshed. A link with a login renews it; otherwise the store reconnects.
   */
  setAuth(this: void, auth: Auth): void
  /**
   * Writes under a new author id, which only the reviewer can link to the one before; rows of the
   * earlier ones stay `$mine`. The earlier id is used while messages are unsent; resolves after
   * that. @throws CountersignError `not_ready` for an unknown person, `closed`
   */
  rotate(this: void): Promise<void>
  /**
   * Signs the person out on this device, in all tabs: closes the store, and keeps or deletes what is
   * theirs here. The next person's store has another key, outbox and rows. Where the app has not
   * named the person yet, `keep` does as `refuse`. Rejects with CountersignError `unavailable` where the
   * storage cannot note the sign-out; then nobody is signed out.
   */
  signOut(this: void, options: SignOutOptions): Promise<SignOutReport>
  /** Connects or disconnects. Initially online. */
  setOnline(this: void, online: boolean): void
  /** Resolves when every write so far is durable on this device. */
  flushed(this: void): Promise<void>
  /** Flushes, then frees socket, locks, timers and subscriptions. Idempotent. */
  close(this: void): Promise<void>
}
