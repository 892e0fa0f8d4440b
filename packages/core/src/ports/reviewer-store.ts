/**
 * Where a reviewer keeps a space: opaque text, one transaction a batch.
 *
 * Contract (checked by `test/contract/reviewer-store.ts`):
 * - `append` is atomic and durable when it resolves; a batch that does not continue the stored
 *   head (`expectSeq`, `epoch`) is refused as `fenced` and stores nothing.
 * - An id is stored at most once; a batch that repeats one is a bug of the caller and rejects.
 * - When it rejects, nothing of the batch is stored, or (the reply was lost) all of it is: the
 *   caller reloads before it goes on.
 */

/** A run of reviews with their messages, as it stands on the wire. */
export interface StoredRun {
  /** First and last seq of the run. */
  readonly fromSeq: number
  readonly toSeq: number
  /** Message ids in the order of their seqs. */
  readonly ids: readonly string[]
  readonly text: string
  /** The seals of the run's messages, which the tail omits. */
  readonly seals: string
}

export interface StoredSession {
  readonly sessionId: string
  readonly text: string
}

export interface StoredRejection {
  readonly msgId: string
  readonly sessionId: string
  readonly text: string
}

export interface AppendBatch {
  readonly epoch: number
  /** The seq of the stored head before this batch. */
  readonly expectSeq: number
  readonly runs: readonly StoredRun[]
  readonly rejections: readonly StoredRejection[]
  /** Written anew or replaced, by sessionId. */
  readonly sessions: readonly StoredSession[]
  /** Ids of rejections and sessions that go, before anything of the batch is written. Unknown ones are no fault. */
  readonly removed?: {
    readonly rejections: readonly string[]
    readonly sessions: readonly string[]
  }
  /** The signed position after this batch. */
  readonly head: string
}

export interface ReviewerState {
  /** undefined: the space is new here. */
  readonly head: string | undefined
  /** What was claimed under `claimMeta`. */
  readonly meta: ReadonlyMap<string, string>
  readonly sessions: readonly StoredSession[]
  readonly rejections: readonly StoredRejection[]
}

export interface ReviewerStore {
  load(): Promise<ReviewerState>
  /** Stored runs that end after `afterSeq`, in order, at most `runsMax` of them. */
  readRuns(afterSeq: number, runsMax: number): Promise<readonly StoredRun[]>
  /** The value under `key`, or `value` after storing it, durably. */
  claimMeta(key: string, value: string): Promise<string>
  append(batch: AppendBatch): Promise<'committed' | 'fenced'>
  close(): Promise<void>
}
