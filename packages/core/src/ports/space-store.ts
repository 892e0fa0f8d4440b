/**
 * Where a reviewer keeps a space, by key: opaque texts, no knowledge of messages.
 *
 *   truth, one transaction a commit (`append`)
 *     head         epoch, seq, number of commits and of sessions, the signed position as text
 *     batches      what took seqs, by seq; their seals apart, since the tail omits them
 *     sessions     by id, and by a number that is given in the order of storage: 1, 2, 3…
 *     ledger       (session, clientSeq) → seq, or refused; kept for ever, as runs
 *     rejections   the texts of refusals; the oldest may be forgotten, the ledger stays
 *   cache, behind the truth, in transactions of its own (`writeBehind`)
 *     states       of entities, as of the seq `through`
 *     changes      of an entity, by seq, up to `through`
 *   meta           claimed once a key
 *
 * Contract (checked by `test/contract/space-store.ts`):
 * - `append` and `writeBehind` are atomic, and durable when they resolve.
 * - Two writers cannot both win: a commit that does not continue the stored head (same seq, same
 *   number of commits, no older epoch) is `fenced` and stores nothing. A commit without a batch
 *   counts like any other. `writeBehind` is fenced by `through` and epoch in the same way.
 * - `through` is never ahead of the head. States and changes are exactly those of `through`.
 * - A read is of one moment of the space, also when another process writes. Two reads are of two.
 * - A clientSeq of a session is accepted once or refused once. A call that would break this, or
 *   leave a gap, or break a bound, is a bug of the caller: it rejects with an `InvariantError`.
 * - When a write rejects, nothing of it is stored, or (the answer was lost) all of it is: the
 *   caller reads `head` before it goes on.
 * - A damaged row is reported with its key, in the place of its text or as a `StoreError`
 *   `corrupt`. It is never dropped and never read as another value.
 * - Opening reads the head, the row of `through` and the asked rows of meta, whatever the length
 *   of the history. Each method says what it reads.
 */
import type { Outcome } from '../base/outcome.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'

/** Keys in one call of `ledger`, `sessions` and `states`: as many as a message has changes. */
export const STORE_KEYS_MAX = 4_096
/** Scans that one handle has open at a time. */
export const SCANS_MAX = 8

/** All spaces of a process. */
export interface SpaceStores {
  /** A handle on a space, new or not. Costs nothing: the first call on it opens what it needs. */
  open(space: Uuid): SpaceStore
  /** Closes every handle and scan. */
  close(): Promise<void>
}

/** What was read: its text, or which row is damaged (`error.code` is `damaged`). */
export type Stored<T extends { readonly text: string }> = Omit<T, 'text'> & {
  readonly text: Outcome<string>
}

/** Where a space ends: what a commit names to be fenced when another process has written. */
export interface HeadMark {
  readonly seq: number
  /** Number of commits so far. */
  readonly commits: number
}

/** All zero and without text while the space is new. */
export interface SpaceHead extends HeadMark {
  readonly epoch: number
  /** Number of sessions; the next new one gets the number after it. */
  readonly sessions: number
  readonly text: string | undefined
  /** States and changes are as of this seq. */
  readonly through: number
  /** Number of states. */
  readonly entities: number
}

/** A batch as stored: the text that is sent to followers, and the seqs it takes, both inclusive. */
export interface BatchText {
  readonly fromSeq: number
  readonly toSeq: number
  readonly text: string
}

/** A session's line as its author sent it, by its id. */
export interface SessionText {
  readonly sessionId: string
  readonly text: string
}

/** A session with the number that batches name it by: 1, 2, 3… without gaps. */
export interface NumberedSession extends SessionText {
  readonly no: number
}

/** clientSeq, clientSeq + 1, … of a session stand at seq, seq + 1, …; with seq 0 all are refused. */
export interface LedgerRun {
  readonly clientSeq: number
  readonly count: number
  readonly seq: number
}

/** A signed refusal, kept so that the author gets the same answer whenever it asks. */
export interface RejectionText {
  readonly msgId: string
  readonly sessionId: string
  readonly clientSeq: number
  readonly text: string
}

/** One commit of a reviewer: stored as a whole, or not at all. */
export interface Commit {
  readonly epoch: number
  /** The stored head as the writer knows it. */
  readonly expect: HeadMark
  /** Continues `expect.seq`. Absent: nothing took a seq. */
  readonly batch?: BatchText & { readonly seals: string }
  /** New ones get their numbers in this order; a known one gets the new text. */
  readonly sessions?: readonly SessionText[]
  /** What of the batch is accepted messages; their sessions are stored, before or with this commit. */
  readonly accepted?: readonly (LedgerRun & { readonly sessionId: string })[]
  readonly rejections?: readonly RejectionText[]
  /** Erasure: texts that take the place of those of earlier batches and rejections. */
  readonly redacted?: {
    readonly batches: readonly Pick<BatchText, 'fromSeq' | 'text'>[]
    readonly rejections: readonly Pick<RejectionText, 'msgId' | 'text'>[]
  }
  /** The signed position after this commit. */
  readonly head: string
}

/** The packed state of one entity, in the cache that is written behind. */
export interface StateText {
  readonly entity: string
  readonly type: string
  /** Of the newest message in it. Never becomes less. */
  readonly seq: number
  readonly text: string
}

/** What one message did to one entity, for its history; by entity and seq. */
export interface ChangeText {
  readonly entity: string
  readonly seq: number
  readonly text: string
}

/** Brings states and changes from one seq to a later one; stored as a whole, or not at all. */
export interface WriteBehind {
  readonly epoch: number
  /** `through` as the writer knows it. */
  readonly fromThrough: number
  readonly through: number
  /** Every state that differs between the two, new or replaced, by entity. The type stays. */
  readonly states: readonly StateText[]
  /** New, or replaced by entity and seq (erasure). Their entities have states, before or by this. */
  readonly changes: readonly ChangeText[]
}

/** What became of one clientSeq of a session. `damaged` names the row that cannot be read. */
export type LedgerAnswer =
  | { readonly kind: 'accepted'; readonly seq: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'damaged'; readonly what: string }

/** Where a page of a read ends: at the first of both bounds, but never before its first item. */
export interface ReadLimit {
  readonly count: number
  readonly bytes: Bytes
}

/** A page of a scan over all states, in the order in which the entities came to be. */
export interface ScanPage {
  readonly states: readonly Stored<StateText>[]
  /** Where the next page begins; undefined after the last one. */
  readonly next: string | undefined
}

/** The states as of `through`, whatever is written meanwhile. Holds space on the disk until closed. */
export interface StateScan {
  readonly through: number
  readonly entities: number
  /**
   * States after a key that an earlier page of this scan, or of an earlier scan of the same space
   * since the last `resetBehind`, gave (undefined: from the first on), at most `bytesMax` of text, at least one. The
   * order is that in which the entities came to be, so later scans only add at the end. Reads
   * one range of an index.
   */
  page(after: string | undefined, bytesMax: Bytes): Promise<ScanPage>
  close(): Promise<void>
}

/**
 * A handle on the store of one space. The contract is above, its suite in
 * `test/contract/space-store.ts`.
 */
export interface SpaceStore {
  /** Two rows. */
  head(): Promise<SpaceHead>
  /** Touches the keys that it writes, and for each run the run before it in its session. */
  append(commit: Commit): Promise<'committed' | 'fenced'>
  /** Touches the keys that it writes. */
  writeBehind(write: WriteBehind): Promise<'written' | 'fenced'>
  /** Removes all states and changes; `through` is 0. For a cache that is damaged or of an old form. */
  resetBehind(): Promise<void>

  /** In the order of the given clientSeqs. One search of an index each. */
  ledger(sessionId: string, clientSeqs: readonly number[]): Promise<readonly LedgerAnswer[]>
  /** The runs of a session that end at `fromClientSeq` or later, in order. One range of an index. */
  ledgerRuns(
    sessionId: string,
    fromClientSeq: number,
    countMax: number,
  ): Promise<readonly LedgerRun[]>
  /** By ids or numbers, in their order; undefined for what is unknown. One search of an index each. */
  sessions(
    keys: readonly (string | number)[],
  ): Promise<readonly (Stored<NumberedSession> | undefined)[]>
  /** One search of an index. */
  rejection(msgId: string): Promise<Stored<RejectionText> | undefined>
  /** Those of a session from a clientSeq on, in order. One range of an index. */
  rejections(
    sessionId: string,
    fromClientSeq: number,
    countMax: number,
  ): Promise<readonly Stored<RejectionText>[]>
  /**
   * Forgets the texts of the oldest rejections but for the newest `keep`, at most `countMax` in
   * one transaction; the ledger still says that they are refused. Resolves to how many went.
   */
  forgetRejections(keep: number, countMax: number): Promise<number>

  /**
   * States in the order of the given ids, undefined for an entity without one. The answer covers
   * the first of the ids: it ends after `bytesMax` of text, and covers at least one. One search
   * of an index each.
   */
  states(
    entities: readonly string[],
    bytesMax: Bytes,
  ): Promise<readonly (Stored<StateText> | undefined)[]>
  /** Of an entity, the newest below `beforeSeq` first; at least one if there is any. One range of an index. */
  changes(entity: string, beforeSeq: number, max: ReadLimit): Promise<readonly Stored<ChangeText>[]>
  /** That end after a seq, in order, at most `bytesMax` of text, at least one. One range of an index. */
  batches(afterSeq: number, bytesMax: Bytes): Promise<readonly Stored<BatchText>[]>
  /** The seals of the batch that holds a seq. One search of an index. */
  seals(seq: number): Promise<Stored<BatchText> | undefined>
  /** Of all states, or of those of a type. Reads nothing before its pages. */
  scan(type?: string): Promise<StateScan>

  /** The value under `key`, or `value` after storing it, durably. */
  claimMeta(key: string, value: string): Promise<string>
  meta(key: string): Promise<string | undefined>
  /** Idempotent. Every other call rejects with a `StoreError` `closed` from now on. */
  close(): Promise<void>
}

/** A scan, each step at once. */
export interface ScanTables {
  readonly through: number
  readonly entities: number
  page(after: string | undefined, bytesMax: Bytes): ScanPage
  close(): void
}

/** The same methods, each done at once: what a store in memory or a synchronous database implements. */
export type SpaceTables = {
  readonly [K in Exclude<keyof SpaceStore, 'scan' | 'close'>]: (
    ...given: Parameters<SpaceStore[K]>
  ) => Awaited<ReturnType<SpaceStore[K]>>
} & { scan(type?: string): ScanTables }
