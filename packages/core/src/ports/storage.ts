import type { Uuid } from '../base/uuid.ts'

/**
 * Where a replica keeps what must outlive it: opaque text and plain records, no
 * knowledge of messages.
 *
 *   facts     `segments`    append only; a flush of own messages, or a run of the canonical tail;
 *                           and drafts, until the flush that seals them
 *             `outbox`      which of the segments still wait for verdicts
 *   caches    `checkpoint`  the canonical state at a position; can be had again from the reviewer
 *   meta                    keys, sessions, position
 *
 * Contract (checked by `test/contract/storage.ts`):
 * - `write` is atomic: all of a batch or nothing, also when the process dies inside it.
 * - `strict` has reached the disk when the promise resolves; `relaxed` may be lost by a power
 *   cut, but only as a suffix: nothing later survives what was lost.
 * - Writes apply in the order of the calls. Several handles (tabs) may be open on one store, and
 *   each follows the reviewer at its own pace; so what they bring may be old, or begin too late:
 * - `advance` is skipped, with the tail segments of its batch, when its `rank` is not above the
 *   stored one (another tab has stored that run), or when its `fromRank` is above it (the run
 *   would leave a gap). With a checkpoint in the batch there is no gap: it needs nothing before.
 * - `checkpoint` is skipped when its rank is not above that of the stored checkpoint, is above
 *   that of the position as it then stands, or its `base` is not the stored one. Below the position
 *   is fine: the tail after it stays. One of the stored name is the stored one: nothing is written.
 * - The rest of such a batch applies. Where no position or checkpoint is stored, its rank is 0.
 *
 * - An `atOnce` batch is handed to the storage before `write` returns, and does not wait for calls
 *   made earlier, so it survives a page that ends in this very task. It is relaxed, and holds
 *   segments of kind `draft` and `meta` only.
 *
 * So position, checkpoint and the tail after it always fit, whatever other tabs do.
 *
 * One storage holds any number of spaces, each apart from the others: nothing that is written in
 * one is read, skipped, claimed or reset in another.
 */

/** What keys of segments of kind `draft` begin with, and no others. */
export const DRAFT_KEYS = 'draft:'

/** One stored text with its key: a flush, a draft, a run of the tail, or refused messages. */
export interface Segment {
  /** Unique; writing a known key again changes nothing. */
  readonly key: string
  readonly kind: 'own' | 'draft' | 'tail' | 'rejections'
  /** Ids of the messages in `text`, to find a message again. */
  readonly ids: readonly string[]
  readonly text: string
  /** Checksum of `text`, made and checked by the replica. */
  readonly check: string
  /** Of kind `tail`: rank of the position after it. Other kinds have none. */
  readonly rank?: number
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
  /** Checksum of `text`, made and checked by the replica. */
  readonly check: string
}

/** The canonical state at one position, in pages; it replaces the tail up to there. */
export interface StoredCheckpoint {
  /** Chosen by the replica, another one each time. */
  readonly name: string
  /** What the replica has to know of it, and its checksum. */
  readonly head: string
  readonly check: string
  /**
   * Rank of its position. Tail segments up to this rank are contained in it, and are dropped with
   * its writing. Their orders do not tell: flushes and runs of other tabs count there too.
   */
  readonly rank: number
  /** By number. */
  readonly pages: readonly Page[]
}

/** A checkpoint to be written, all of it or what has changed. */
export interface Checkpoint extends StoredCheckpoint {
  /**
   * The name of the stored checkpoint that this one continues: pages that it does not bring stay as
   * they are. Without it, its pages take the place of all that are stored.
   */
  readonly base?: string
}

/** The canonical position as the storage sees it: a rank that only grows, and its text. */
export interface Advance {
  readonly rank: number
  /** Rank of the position that this run continues; 0 when it needs nothing before it. */
  readonly fromRank: number
  readonly text: string
}

/** One transaction: all of it is stored, or nothing. `durability` says when `write` may resolve. */
export interface WriteBatch {
  readonly durability: 'strict' | 'relaxed'
  readonly segments?: readonly Segment[]
  /** Keys of segments that wait for verdicts from now on. */
  readonly outboxAdd?: readonly string[]
  /** Keys of segments all of whose messages have a final verdict. */
  readonly outboxRemove?: readonly string[]
  readonly meta?: readonly (readonly [key: string, value: unknown])[]
  /** Keys of `draft` segments that this batch takes the place of: they are dropped. Unknown keys are skipped. */
  readonly drop?: readonly string[]
  /** See the contract above. */
  readonly atOnce?: true
  /** Comes before `checkpoint`. */
  readonly advance?: Advance
  readonly checkpoint?: Checkpoint
  /** Forgets position, checkpoint and all `tail` segments first: the reviewer's state begins anew. */
  readonly reset?: boolean
}

/** All that one space has in the storage, of one moment. */
export interface StoredState {
  /** In order of arrival. */
  readonly segments: readonly StoredSegment[]
  /** In the order of `segments`; then, sorted, keys that have no segment. */
  readonly outbox: readonly string[]
  readonly meta: ReadonlyMap<string, unknown>
  readonly advance: Advance | undefined
  readonly checkpoint: StoredCheckpoint | undefined
}

/** What a batch has come to. */
export interface Written {
  /**
   * Order of the batch's last segment, which may be an earlier one when its key was known; 0 when that
   * segment was skipped and its key is not known, or when the batch has no segments.
   */
  readonly order: number
  /** Whether the checkpoint of the batch is the stored one now. False where it has none. */
  readonly isCheckpointStored: boolean
}

/**
 * Why a storage does not work. `blocked`, `quota` and `hanging` may pass, the others do not. Adapters
 * do not say `hanging`: it is what a store makes of a call that is not answered.
 */
export type StorageTrouble = 'quota' | 'blocked' | 'hanging' | 'closed' | 'version' | 'failed'

/** Rejection of a storage call. `trouble` says whether trying again may help. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly trouble: StorageTrouble
  constructor(trouble: StorageTrouble, message: string) {
    super(message)
    this.trouble = trouble
  }
}

/**
 * An open storage of one space. Several tabs may each hold one; a call after `close` rejects as
 * `closed`.
 */
export interface StorageHandle {
  /** Everything that is stored. */
  read(): Promise<StoredState>
  /** Keys of what waits, sorted: of the outbox, and those that begin with `DRAFT_KEYS`. Reads no text. */
  waiting(): Promise<readonly string[]>
  /** Rejects with a `StorageError`; then nothing of the batch is stored. */
  write(batch: WriteBatch): Promise<Written>
  /** The value under `key`, or `value` after storing it, atomically among tabs. */
  claim(key: string, value: unknown): Promise<unknown>
  close(): Promise<void>
}

/**
 * A durable place on this device. The contract is above, its suite in `test/contract/storage.ts`.
 */
export interface Storage {
  /**
   * Rejects with a `StorageError` when no store can be had here. `onTrouble` hears what happens
   * later and concerns the whole handle; so never `quota`, which is the rejection of one call.
   * A store always names its `space`; without one, a tool gets a place of the adapter's choice.
   */
  open(onTrouble: (trouble: StorageTrouble) => void, space?: Uuid): Promise<StorageHandle>
}
