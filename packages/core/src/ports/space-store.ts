/**
 * Where a reviewer stores a space, by key: opaque texts, no knowledge of messages.
 *
 *   truth, one transaction a commit (`append`)
 *     head         epoch, seq, number of commits and of sessions, the signed position as text
 *     batches      messages that took seqs, by seq; their seals apart, since the tail omits them
 *     sessions     by id, and by a number that is given in the order of storage: 1, 2, 3…
 *     authors      the person behind each author id, as text; by id, and by that text
 *     revocations  of author ids and persons, by key: texts that are replaced, and deleted
 *     ledger       (session, clientSeq) → seq, or rejected; kept for ever, as runs
 *     rejections   their signed texts; the oldest may be deleted, the ledger stays
 *   cache, written behind the truth, in transactions of its own (`writeBehind`)
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
 * - A read sees one moment of the space, also when another process writes. Two reads may see two.
 * - A clientSeq of a session is accepted once or rejected once. A call that would break this, leave
 *   a gap or break a bound is a bug of the caller: it rejects with an `InvariantError`.
 * - A write that rejects has stored nothing, or all of it (when the answer was lost). The caller
 *   reads `head` before it continues.
 * - What an erasure replaces is in no file of the store when the call resolves, or, while a scan of an
 *   earlier moment is open, when the next write after its end does.
 * - A damaged row is reported with its key, instead of its text or as a `StoreError`
 *   `corrupt`. It is never dropped and never read as another value.
 * - Opening reads the head, the row of `through` and the requested rows of meta, whatever the
 *   length of the history. Each method documents its reads.
 */
import type { Outcome } from '../base/outcome.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'

/**
 * Maximum keys in one call of `ledger`, `sessions`, `authors` and `states`; equals the changes of a message.
 */
export const STORE_KEYS_MAX = 4_096
/** Maximum open scans of one handle. */
export const SCANS_MAX = 9

/** All spaces of a process. */
export interface SpaceStores {
  /** A handle on a space, new or not. Reads nothing: the first call on it opens the database. */
  open(space: Uuid): SpaceStore
  /** Closes every handle and scan. */
  close(): Promise<void>
}

/** A row as read: its text, or a fault that names the damaged row (`error.code` is `damaged`). */
export type Stored<T extends { readonly text: string }> = Omit<T, 'text'> & {
  readonly text: Outcome<string>
}

/** The end of a space. A commit names it, and is fenced when another process has written. */
export interface HeadMark {
  readonly seq: number
  /** Number of commits so far. */
  readonly commits: number
}

/** All numbers are zero, and text is undefined, while the space is new. */
export interface SpaceHead extends HeadMark {
  readonly epoch: number
  /** Number of sessions; the next new one gets the number after it. */
  readonly sessions: number
  readonly text: string | undefined
  /** States and changes are as of this seq. */
  readonly through: number
  /** Number of states. */
  readonly entities: number
  /** Whether there are revocations; usually there are none. */
  readonly hasRevocations: boolean
}

/** A batch as stored: the text that is sent to followers, and its seqs, both inclusive. */
export interface BatchText {
  readonly fromSeq: number
  readonly toSeq: number
  readonly text: string
}

/** A session's line as its author sent it, and its id. */
export interface SessionText {
  readonly sessionId: string
  readonly text: string
}

/** A session with the number that batches use for it: 1, 2, 3… without gaps. */
export interface NumberedSession extends SessionText {
  readonly no: number
}

/** The person of an author id, as a text of the reviewer. Private: it is never sent. */
export interface AuthorText {
  readonly authorId: string
  /** Of all author ids of one person the same. */
  readonly text: string
}

/** A revocation, as a text that the reviewer makes. Private: it is never sent. */
export interface RevocationText {
  readonly key: string
  readonly text: string
}

/** clientSeq, clientSeq + 1, … of a session have seq, seq + 1, …; with seq 0 all are rejected. */
export interface LedgerRun {
  readonly clientSeq: number
  readonly count: number
  readonly seq: number
}

/** A signed rejection, stored so that the author gets the same answer each time. */
export interface RejectionText {
  readonly msgId: string
  readonly sessionId: string
  readonly clientSeq: number
  readonly text: string
}

/** One commit of a reviewer: stored as a whole, or not at all. */
export interface Commit {
  readonly epoch: number
  /** The stored head as the writer last read it. */
  readonly expect: HeadMark
  /** Continues `expect.seq`. Absent when nothing took a seq. */
  readonly batch?: BatchText & { readonly seals: string }
  /** New sessions get their numbers in this order; a known session gets the new text. */
  readonly sessions?: readonly SessionText[]
  /** New authors, in the order in which they came; a known one keeps its text. */
  readonly authors?: readonly AuthorText[]
  /** By key; a known one gets the new text, or is deleted by one without a text. */
  readonly revocations?: readonly (Pick<RevocationText, 'key'> & Partial<RevocationText>)[]
  /** The accepted messages of the batch; their sessions are stored, before or with this commit. */
  readonly accepted?: readonly (LedgerRun & { readonly sessionId: string })[]
  readonly rejections?: readonly RejectionText[]
  /** Erasure: texts that replace those of earlier batches, of rejections and of rows of meta. */
  readonly redacted?: {
    readonly batches: readonly Pick<BatchText, 'fromSeq' | 'text'>[]
    readonly rejections: readonly Pick<RejectionText, 'msgId' | 'text'>[]
    readonly meta?: readonly { readonly key: string; readonly value: string }[]
  }
  /** The signed position after this commit. */
  readonly head: string
}

/** The packed state of one entity, in the cache. */
export interface StateText {
  readonly entity: string
  readonly type: string
  /** Seq of the newest message in it. Never decreases. */
  readonly seq: number
  readonly text: string
}

/** Search keys of a state, besides its id and type: opaque texts, and the way they were made. */
export interface StateKeys {
  /** Names the way in which keys are made of states; equal for equal ways. */
  readonly way: string
  readonly keys: readonly string[]
}

/** A state to be written. Without `found` it has no keys, made in the way with the empty name. */
export interface WrittenState extends StateText {
  readonly found?: StateKeys
}

/**
 * Keys to find states by, made in that way: those that are not before `from`, and before `to`. Stores
 * may order texts by code unit or by code point.
 */
export interface StateKeyRange {
  readonly way: string
  readonly from: string
  readonly to: string
}

/** The range that a single key alone is in. */
export function oneKey(way: string, key: string): StateKeyRange {
  return { way, from: key, to: `${key}\0` }
}

/** The change that one message made to one entity, for its history; by entity and seq. */
export interface ChangeText {
  readonly entity: string
  readonly seq: number
  readonly text: string
}

/** Moves states and changes from one seq to a later one; stored as a whole, or not at all. */
export interface WriteBehind {
  readonly epoch: number
  /** `through` as the writer last read it. */
  readonly fromThrough: number
  readonly through: number
  /**
   * Every state that differs between the two, new or replaced, by entity. The type never changes.
   */
  readonly states: readonly WrittenState[]
  /** New, or replaced by entity and seq. Their entities have states, before or by this. */
  readonly changes: readonly ChangeText[]
  /** It replaces texts with erased values, of which no trace may stay. */
  readonly erases?: boolean
}

/** The verdict of one clientSeq of a session. `damaged` names the row that cannot be read. */
export type LedgerAnswer =
  | { readonly kind: 'accepted'; readonly seq: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'damaged'; readonly what: string }

/** The bounds of a page: it ends at the first one reached, but has at least one item. */
export interface ReadLimit {
  readonly count: number
  readonly bytes: Bytes
}

/** A page of a scan over all states, in order of the entities' creation. */
export interface ScanPage {
  readonly states: readonly Stored<StateText>[]
  /** Key of the next page; undefined after the last one. */
  readonly next: string | undefined
}

/** The states as of `through`, whatever is written later. Holds space on the disk until closed. */
export interface StateScan {
  readonly through: number
  readonly entities: number
  /**
   * The states after the key `after`, at most `bytesMax` of text, at least one. The key is from a
   * page of this scan, or of an earlier scan of the same space since the last `resetBehind`;
   * undefined starts at the first state. The order is that of the entities' creation, so later
   * scans only append. Reads one range of an index.
   */
  page(after: string | undefined, bytesMax: Bytes): Promise<ScanPage>
  close(): Promise<void>
}

/**
 * A handle on the store of one space. The contract is above, its suite in
 * `test/contract/space-store.ts`.
 */
export interface SpaceStore {
  /** Reads two rows. */
  head(): Promise<SpaceHead>
  /** Reads and writes the keys of the commit, and for each run the run before it in its session. */
  append(commit: Commit): Promise<'committed' | 'fenced'>
  /** Reads and writes the keys of the write. */
  writeBehind(write: WriteBehind): Promise<'written' | 'fenced'>
  /**
   * Deletes all states and changes; `through` is 0. For a cache that is damaged or of an old form.
   */
  resetBehind(): Promise<void>

  /** In the order of the given clientSeqs. One search of an index each. */
  ledger(sessionId: string, clientSeqs: readonly number[]): Promise<readonly LedgerAnswer[]>
  /**
   * The runs of a session that end at `fromClientSeq` or later, in order. One range of an index.
   */
  ledgerRuns(
    sessionId: string,
    fromClientSeq: number,
    countMax: number,
  ): Promise<readonly LedgerRun[]>
  /**
   * By ids or numbers, in their order; undefined for an unknown key. One search of an index each.
   */
  sessions(
    keys: readonly (string | number)[],
  ): Promise<readonly (Stored<NumberedSession> | undefined)[]>
  /** By ids, in their order; undefined for an unknown one. One search of an index each. */
  authors(ids: readonly string[]): Promise<readonly (Stored<AuthorText> | undefined)[]>
  /** The author ids with that text, the newest first. One range of an index. */
  authorsOf(text: string, countMax: number): Promise<readonly Stored<AuthorText>[]>
  /** All of them, in any order. They are few: each is an act of an operator. */
  revocations(): Promise<readonly Stored<RevocationText>[]>
  /** One search of an index. */
  rejection(msgId: string): Promise<Stored<RejectionText> | undefined>
  /** Rejections of a session from a clientSeq on, in order. One range of an index. */
  rejections(
    sessionId: string,
    fromClientSeq: number,
    countMax: number,
  ): Promise<readonly Stored<RejectionText>[]>
  /** Rejections whose text contains a part, the oldest first. Reads all of them. */
  rejectionsWith(part: string): Promise<readonly Stored<RejectionText>[]>
  /**
   * Deletes the texts of the oldest rejections except the newest `keep`, at most `countMax` in one
   * transaction; the ledger still lists them as rejected. Resolves to the number of deleted texts.
   */
  forgetRejections(keep: number, countMax: number): Promise<number>

  /**
   * States in the order of the given ids, undefined for an entity without one. The result may be a
   * prefix of the ids: it ends after `bytesMax` of text, and has at least one item. One search of
   * an index each.
   */
  states(
    entities: readonly string[],
    bytesMax: Bytes,
  ): Promise<readonly (Stored<StateText> | undefined)[]>
  /**
   * Changes of an entity, newest below `beforeSeq` first; at least one if any. One range of an
   * index.
   */
  changes(entity: string, beforeSeq: number, max: ReadLimit): Promise<readonly Stored<ChangeText>[]>
  /**
   * Batches that end after a seq, in order, at most `bytesMax`, at least one. One range of an
   * index.
   */
  batches(afterSeq: number, bytesMax: Bytes): Promise<readonly Stored<BatchText>[]>
  /** The seals of the batch that holds a seq. One search of an index. */
  seals(seq: number): Promise<Stored<BatchText> | undefined>
  /**
   * A scan of all states, or of those of a type. Reads nothing before its first page. With keys: of
   * the states of the type that were written with one of them, and of those whose keys were made in
   * another way, as they may have one; in any order, a state with several of them perhaps several
   * times, and reads these states alone.
   */
  scan(type?: string, keys?: StateKeyRange): Promise<StateScan>

  /** The value under `key`, or `value` after storing it, durably. */
  claimMeta(key: string, value: string): Promise<string>
  meta(key: string): Promise<string | undefined>
  /** Idempotent. Every later call rejects with a `StoreError` `closed`. */
  close(): Promise<void>
}

/** A scan with synchronous steps. */
export interface ScanTables {
  readonly through: number
  readonly entities: number
  page(after: string | undefined, bytesMax: Bytes): ScanPage
  close(): void
}

/** The same methods, synchronous: for a store in memory or over a synchronous database. */
export type SpaceTables = {
  readonly [K in Exclude<keyof SpaceStore, 'scan' | 'close'>]: (
    ...given: Parameters<SpaceStore[K]>
  ) => Awaited<ReturnType<SpaceStore[K]>>
} & { scan(type?: string, keys?: StateKeyRange): ScanTables }
