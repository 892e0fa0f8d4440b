import type { Uuid } from '../base/uuid.ts'
import type { StorageCare } from './storage-care.ts'

/**
 * Durable storage of a replica: opaque text and plain records, no knowledge of messages.
 *
 *   facts     `segments`    append only; a flush of own messages, or a run of the canonical tail;
 *                           and drafts, until the flush that seals them; rewritten by erasures alone
 *             `outbox`      keys of the segments that still wait for verdicts
 *             `settled`     keys of the segments that a checkpoint deletes, each with a rank
 *   caches    `checkpoint`  the canonical state at a position; the reviewer can send it again
 *   meta                    keys, sessions, position
 *
 * Contract (checked by `test/contract/storage.ts`):
 * - `write` is atomic: all of a batch or nothing, also when the process dies during it.
 * - `strict` has reached the disk when the promise resolves; `relaxed` may be lost by a power
 *   cut, but only as a suffix: no later write survives a lost one.
 * - Writes apply in the order of the calls. Several handles (tabs) may be open on one store, and
 *   each follows the reviewer at its own pace; so a batch may be old, or start after a gap:
 * - `advance` is skipped, with the tail segments of its batch, when its `rank` is not above the
 *   stored one (another tab has stored that run), or when its `fromRank` is above it (the run
 *   would leave a gap). A checkpoint in the batch closes the gap: it needs nothing before it.
 * - `checkpoint` is skipped when its rank is not above that of the stored checkpoint, when it is
 *   above that of the position after this batch, or when its `base` is not the stored one. Below
 *   the position is fine: the tail after it stays. One with the stored name writes nothing.
 * - The rest of such a batch applies. A missing position or checkpoint has rank 0.
 *
 * - A segment in `settled` leaves the outbox. It is deleted in the transaction after which the stored
 *   checkpoint has its rank or a higher one: in its own, or in that of a later checkpoint, by
 *   whichever handle. `outboxAdd` takes the key back: what waits is never deleted. A `reset` deletes
 *   all settled segments, as it deletes the tail.
 *
 * - An `atOnce` batch is handed to the storage before `write` returns and does not wait for earlier
 *   calls, so it survives a page that ends in the same task. It is relaxed, and holds segments of
 *   kind `draft` and `meta` only.
 *
 * So position, checkpoint and the tail after it always match, whatever other tabs do.
 *
 * One storage holds any number of partitions, isolated from each other: a write in one is not read,
 * skipped, claimed, reset or erased in another. A partition has the name of a uuid: that of a space, or one
 * that a store derives for each person of a space.
 * - `erase` deletes a partition, whatever else is under way. Other handles on it never write again: their
 *   calls reject as `closed`.
 */

/** Prefix of the keys of segments of kind `draft`, and of no others. */
export const DRAFT_KEYS = 'draft:'

/** One stored text with its key: a flush, a draft, a run of the tail, or rejected messages. */
export interface Segment {
  /** Unique; writing a stored key again changes nothing. */
  readonly key: string
  readonly kind: 'own' | 'draft' | 'tail' | 'rejections'
  /** Ids of the messages in `text`, to find a message by id. */
  readonly ids: readonly string[]
  readonly text: string
  /** Checksum of `text`, computed and checked by the replica. */
  readonly check: string
  /** Of kind `tail`: rank of the position after it. Absent for other kinds. */
  readonly rank?: number
}

/** What an erasure leaves of a stored segment, which keeps its place; null: nothing, it is deleted. */
export interface Rewrite {
  readonly key: string
  readonly kind: Segment['kind']
  readonly to: Pick<Segment, 'text' | 'check'> | null
}

/** A segment as it is read back. */
export interface StoredSegment extends Segment {
  /** Order of arrival in this store: 1, 2, 3… with gaps allowed. */
  readonly order: number
}

/** A part of the canonical state. */
export interface Page {
  /** 0, 1, 2… with gaps allowed. */
  readonly no: number
  readonly text: string
  /** Checksum of `text`, computed and checked by the replica. */
  readonly check: string
  /** Stored and replaced with the page, and read apart from it. */
  readonly keys?: PageKeys
}

/** What a query needs to know of the rows of a page before it is read: a small text of the replica. */
export interface PageKeys {
  readonly text: string
  /** Checksum of `text`, computed and checked by the replica. */
  readonly check: string
}

/**
 * The canonical state at one position; it replaces the tail up to that position. Its pages are read
 * apart from it, see `StorageHandle.pages`.
 */
export interface StoredCheckpoint {
  /** Chosen by the replica, different for each checkpoint. */
  readonly name: string
  /** Metadata of the replica, with its checksum in `check`. */
  readonly head: string
  readonly check: string
  /**
   * Rank of its position. Writing it deletes the tail segments up to this rank, which it contains.
   * Their orders cannot decide that: flushes and runs of other tabs count there too.
   */
  readonly rank: number
}

/** A checkpoint to be written, whole or as its changed pages. */
export interface Checkpoint extends StoredCheckpoint {
  readonly pages: readonly Page[]
  /**
   * The name of the stored checkpoint that this one continues: pages that it omits stay as they
   * are. Without it, its pages replace all stored ones.
   */
  readonly base?: string
}

/** The canonical position as the storage reads it: a rank that only grows, and its text. */
export interface Advance {
  readonly rank: number
  /** Rank of the position that this run continues; 0 when it continues none. */
  readonly fromRank: number
  readonly text: string
}

/** A segment that is not needed beside a checkpoint of that rank. */
export interface SettledSegment {
  readonly key: string
  readonly rank: number
}

/** One transaction, stored whole or not at all. `durability` decides when `write` may resolve. */
export interface WriteBatch {
  readonly durability: 'strict' | 'relaxed'
  readonly segments?: readonly Segment[]
  /** Keys of segments that wait for verdicts from now on. */
  readonly outboxAdd?: readonly string[]
  /** Keys of segments that wait no more, and stay: neither in the outbox nor settled from now on. */
  readonly outboxRemove?: readonly string[]
  /** Applied after `outboxAdd`, `outboxRemove` and `checkpoint`. See the contract above. */
  readonly settled?: readonly SettledSegment[]
  readonly meta?: readonly (readonly [key: string, value: unknown])[]
  /** Keys of `meta` that are deleted, after `meta` is written. Unknown keys are skipped. */
  readonly metaRemove?: readonly string[]
  /**
   * Keys of `draft` segments that this batch replaces: they are deleted. Unknown keys are skipped.
   */
  readonly drop?: readonly string[]
  /** Stored segments with erased values: they get another text, or are deleted. Unknown keys are skipped. */
  readonly rewrite?: readonly Rewrite[]
  /** See the contract above. */
  readonly atOnce?: true
  /** Applied before `checkpoint`. */
  readonly advance?: Advance
  readonly checkpoint?: Checkpoint
  /**
   * First deletes position, checkpoint, all `tail` segments and all that are settled: the state of the
   * reviewer restarts.
   */
  readonly reset?: boolean
}

/** All data of one partition in the storage but the pages of its checkpoint, read at one moment. */
export interface StoredState {
  /** In order of arrival. */
  readonly segments: readonly StoredSegment[]
  /** In the order of `segments`; then, sorted, keys without a segment. */
  readonly outbox: readonly string[]
  /** The ranks of settled segments, by key. */
  readonly settled: ReadonlyMap<string, number>
  readonly meta: ReadonlyMap<string, unknown>
  readonly advance: Advance | undefined
  readonly checkpoint: StoredCheckpoint | undefined
}

/** The keys of an outbox in the order of `StoredState.outbox`. For adapters. */
export function outboxOrder(
  segments: readonly StoredSegment[],
  keys: Iterable<string>,
): readonly string[] {
  const strays = new Set(keys)
  const known = segments.filter(({ key }) => strays.delete(key)).map(({ key }) => key)
  return [...known, ...[...strays].sort()]
}

/**
 * Reads the pages of one checkpoint, at one moment, in the order that the reader chooses while it
 * reads. Its functions are called in the midst of a transaction: they return at once.
 */
export interface PageReading {
  /** Called first: the numbers of all pages, and the keys of those that have some. */
  begin(stored: {
    readonly numbers: readonly number[]
    readonly keys: ReadonlyMap<number, PageKeys>
  }): void
  /** The numbers of the pages to read next; none ends the reading. */
  next(): readonly number[]
  /** The stored ones among the pages that `next` has named. */
  take(pages: readonly Page[]): void
}

/** The result of a write. */
export interface Written {
  /**
   * Order of the batch's last segment, that of the stored one when its key was known. 0 when that
   * segment was skipped and its key is not stored, or when the batch has no segments.
   */
  readonly order: number
  /** Whether the checkpoint of the batch is the stored one now. False for a batch without one. */
  readonly isCheckpointStored: boolean
}

/**
 * Why a storage does not work. `blocked`, `quota` and `hanging` may pass, the others do not.
 * Adapters never report `hanging`: the store derives it from a call without an answer.
 */
export type StorageTrouble = 'quota' | 'blocked' | 'hanging' | 'closed' | 'version' | 'failed'

/** Rejection of a storage call. `trouble` says whether a retry may help. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly trouble: StorageTrouble
  constructor(trouble: StorageTrouble, message: string) {
    super(message)
    this.trouble = trouble
  }
}

/**
 * An open partition of a storage. Several tabs may each hold one; a call after `close` or `erase` rejects
 * as `closed`.
 */
export interface StorageHandle {
  /** Reads everything that is stored but the pages of the checkpoint. */
  read(): Promise<StoredState>
  /**
   * Reads pages of the checkpoint of that name; none where another checkpoint is stored by now.
   * Resolves to whether it is the stored one.
   */
  pages(checkpoint: string, reading: PageReading): Promise<boolean>
  /** Keys of the outbox, and keys that begin with `DRAFT_KEYS`, sorted. Reads no text. */
  waiting(): Promise<readonly string[]>
  /** Rejects with a `StorageError`; then no part of the batch is stored. */
  write(batch: WriteBatch): Promise<Written>
  /** Returns the value under `key`, or `value` after storing it; atomic among tabs. */
  claim(key: string, value: unknown): Promise<unknown>
  /** Deletes everything of this partition, and closes the handle. A later `open` finds it empty. */
  erase(): Promise<void>
  close(): Promise<void>
}

/**
 * A durable storage on this device. The contract is above, its suite in `test/contract/storage.ts`.
 */
export interface Storage {
  /**
   * Rejects with a `StorageError` when no storage can be opened. `onTrouble` reports later trouble
   * of the whole handle; so never `quota`, which is the rejection of one call. A store always names
   * its `partition`; a tool may omit it, and gets a partition of the adapter's choice.
   */
  open(onTrouble: (trouble: StorageTrouble) => void, partition?: Uuid): Promise<StorageHandle>
  /** What the platform says of it, where it says something. */
  readonly care?: StorageCare
}

/** Reads all pages of a checkpoint, with their keys; undefined where another one is stored by now. */
export async function allPages(
  handle: StorageHandle,
  checkpoint: string,
): Promise<readonly Page[] | undefined> {
  const pages: Page[] = []
  let left: readonly number[] = []
  let keysOf: ReadonlyMap<number, PageKeys> = new Map()
  const isStored = await handle.pages(checkpoint, {
    begin({ numbers, keys }) {
      left = numbers
      keysOf = keys
    },
    next() {
      const next = left
      left = []
      return next
    },
    take(read) {
      for (const { no, text, check } of read) {
        const keys = keysOf.get(no)
        pages.push({ no, text, check, ...(keys && { keys }) })
      }
    },
  })
  return isStored ? pages.sort((a, b) => a.no - b.no) : undefined
}
