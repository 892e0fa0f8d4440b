/**
 * Where a replica keeps what must outlive it: opaque text and plain records, no
 * knowledge of messages.
 *
 *   facts     `segments`    append only; a flush of own messages, or a run of the canonical tail
 *             `outbox`      which of the segments still wait for verdicts
 *   caches    `checkpoint`  the canonical state at a position; can be had again from the reviewer
 *   meta                    keys, sessions, position
 *
 * Contract (checked by `test/contract/storage.ts`):
 * - `write` is atomic: all of a batch or nothing, also when the process dies inside it.
 * - `strict` has reached the disk when the promise resolves; `relaxed` may be lost by a power
 *   cut, but only as a suffix: nothing later survives what was lost.
 * - Writes apply in the order of the calls. Several handles (tabs) may be open on one store.
 * - A batch whose `advance` does not exceed the stored rank skips its `segments` and `checkpoint`,
 *   and applies the rest: another tab has stored that run already.
 */

export interface Segment {
  /** Unique; writing a known key again changes nothing. */
  readonly key: string
  readonly kind: 'own' | 'tail' | 'rejections'
  /** Ids of the messages in `text`, to find a message again. */
  readonly ids: readonly string[]
  readonly text: string
  /** Checksum of `text`, made and checked by the replica. */
  readonly check: string
}

export interface StoredSegment extends Segment {
  /** Order of arrival in this store: 1, 2, 3… with gaps allowed. */
  readonly order: number
}

export interface Checkpoint {
  readonly pages: readonly string[]
  /** Checksum over the pages. */
  readonly check: string
  /** Segments of kind `tail` up to this order are contained in it, and are dropped with its writing. */
  readonly throughOrder: number
}

/** The canonical position as the storage sees it: a rank that only grows, and its text. */
export interface Advance {
  readonly rank: number
  readonly text: string
}

export interface WriteBatch {
  readonly durability: 'strict' | 'relaxed'
  readonly segments?: readonly Segment[]
  /** Keys of segments that wait for verdicts from now on. */
  readonly outboxAdd?: readonly string[]
  /** Keys of segments all of whose messages have a final verdict. */
  readonly outboxRemove?: readonly string[]
  readonly meta?: readonly (readonly [key: string, value: unknown])[]
  readonly advance?: Advance
  /** Replaces the checkpoint. Its rank is that of `advance`, or of the stored position. */
  readonly checkpoint?: Checkpoint
  /** Forgets position, checkpoint and all `tail` segments first: the reviewer's state begins anew. */
  readonly reset?: boolean
}

export interface StoredState {
  readonly segments: readonly StoredSegment[]
  readonly outbox: readonly string[]
  readonly meta: ReadonlyMap<string, unknown>
  readonly advance: Advance | undefined
  readonly checkpoint: Checkpoint | undefined
}

/** Why a storage stopped working. `blocked` and `quota` may pass, the others do not. */
export type StorageTrouble = 'quota' | 'blocked' | 'closed' | 'version' | 'failed'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly trouble: StorageTrouble
  constructor(trouble: StorageTrouble, message: string) {
    super(message)
    this.trouble = trouble
  }
}

export interface StorageHandle {
  /** Everything that is stored. */
  read(): Promise<StoredState>
  /** Rejects with a `StorageError`; then nothing of the batch is stored. Resolves to the last segment's order. */
  write(batch: WriteBatch): Promise<number>
  /** The value under `key`, or `value` after storing it, atomically among tabs. */
  claim(key: string, value: unknown): Promise<unknown>
  close(): Promise<void>
}

export interface Storage {
  /** Rejects with a `StorageError` when no store can be had here. `onTrouble` hears what happens later. */
  open(onTrouble: (trouble: StorageTrouble) => void): Promise<StorageHandle>
}
