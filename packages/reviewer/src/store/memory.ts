/**
 * A reviewer's store that forgets everything with its process: for tests, demos and examples.
 * Same contract as the others, durability aside.
 */
import type {
  AppendBatch,
  ReviewerState,
  ReviewerStore,
  StoredRejection,
  StoredRun,
  StoredSession,
} from '@countersign/core/ports'
import { checkedEndSeq, isFenced } from './batch.ts'
import { BatchError, StoreError } from './errors.ts'

export function memoryReviewerStore(): ReviewerStore {
  return new MemoryStore()
}

class MemoryStore implements ReviewerStore {
  #head: string | undefined
  #epoch = 0
  #seq = 0
  #closed = false
  readonly #runs: StoredRun[] = []
  readonly #ids = new Set<string>()
  readonly #meta = new Map<string, string>()
  readonly #sessions = new Map<string, StoredSession>()
  readonly #rejections = new Map<string, StoredRejection>()

  async load(): Promise<ReviewerState> {
    this.#checkOpen()
    return {
      head: this.#head,
      meta: new Map(this.#meta),
      sessions: [...this.#sessions.values()],
      rejections: [...this.#rejections.values()],
    }
  }

  async readRuns(afterSeq: number, runsMax: number): Promise<readonly StoredRun[]> {
    this.#checkOpen()
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#runs[middle]!.toSeq > afterSeq) high = middle
      else low = middle + 1
    }
    return this.#runs.slice(low, low + runsMax)
  }

  async claimMeta(key: string, value: string): Promise<string> {
    this.#checkOpen()
    const stored = this.#meta.get(key)
    if (stored === undefined) this.#meta.set(key, value)
    return stored ?? value
  }

  async append(batch: AppendBatch): Promise<'committed' | 'fenced'> {
    this.#checkOpen()
    const endSeq = checkedEndSeq(batch)
    if (isFenced(batch, { epoch: this.#epoch, seq: this.#seq })) return 'fenced'
    this.#addIds(batch.runs.flatMap((run) => run.ids))
    this.#runs.push(...batch.runs)
    for (const id of batch.removed?.rejections ?? []) this.#rejections.delete(id)
    for (const id of batch.removed?.sessions ?? []) this.#sessions.delete(id)
    for (const session of batch.sessions) this.#sessions.set(session.sessionId, session)
    for (const rejection of batch.rejections) this.#rejections.set(rejection.msgId, rejection)
    this.#head = batch.head
    this.#epoch = batch.epoch
    this.#seq = endSeq
    return 'committed'
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #addIds(ids: readonly string[]): void {
    const fresh = new Set(ids)
    const twice = ids.find((id) => this.#ids.has(id) || !fresh.delete(id))
    if (twice !== undefined) throw new BatchError(`message ${twice} is stored already`)
    for (const id of ids) this.#ids.add(id)
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreError('closed', 'the store is closed')
  }
}
