/**
 * What a reviewer's store holds, and what a batch does to it: the rules of the reviewer store
 * port as plain data. Knows nothing of time, processes or faults.
 */
import type {
  AppendBatch,
  ReviewerState,
  StoredRejection,
  StoredRun,
  StoredSession,
} from '../ports/reviewer-store.ts'

export class ReviewerDatabase {
  readonly #runs: StoredRun[] = []
  readonly #ids = new Set<string>()
  readonly #meta = new Map<string, string>()
  readonly #sessions = new Map<string, StoredSession>()
  readonly #rejections = new Map<string, StoredRejection>()
  #head: string | undefined
  #epoch = 0
  #seq = 0

  /** Seq of the stored head. */
  get seq(): number {
    return this.#seq
  }

  hasRejection(msgId: string): boolean {
    return this.#rejections.has(msgId)
  }

  load(): ReviewerState {
    return {
      head: this.#head,
      meta: new Map(this.#meta),
      sessions: [...this.#sessions.values()],
      rejections: [...this.#rejections.values()],
    }
  }

  readRuns(afterSeq: number, runsMax: number): readonly StoredRun[] {
    const from = this.#runs.findIndex((run) => run.toSeq > afterSeq)
    return from < 0 ? [] : this.#runs.slice(from, from + runsMax)
  }

  claimMeta(key: string, value: string): string {
    if (!this.#meta.has(key)) this.#meta.set(key, value)
    return this.#meta.get(key)!
  }

  /** Throws, and stores nothing, for a batch that no correct caller makes. */
  append(batch: AppendBatch): 'committed' | 'fenced' {
    const ids = batch.runs.flatMap((run) => run.ids)
    const endSeq = endOf(batch)
    if (batch.epoch < this.#epoch || batch.expectSeq !== this.#seq) return 'fenced'
    const twice = ids.find((id, at) => this.#ids.has(id) || ids.indexOf(id) !== at)
    if (twice !== undefined) throw new Error(`message ${twice} is stored already`)
    for (const id of ids) this.#ids.add(id)
    this.#runs.push(...batch.runs.map((run) => ({ ...run, ids: [...run.ids] })))
    for (const id of batch.removed?.rejections ?? []) this.#rejections.delete(id)
    for (const id of batch.removed?.sessions ?? []) this.#sessions.delete(id)
    for (const session of batch.sessions) this.#sessions.set(session.sessionId, session)
    for (const rejection of batch.rejections) this.#rejections.set(rejection.msgId, rejection)
    this.#head = batch.head
    this.#epoch = batch.epoch
    this.#seq = endSeq
    return 'committed'
  }
}

function endOf({ expectSeq, runs }: AppendBatch): number {
  let seq = expectSeq
  for (const run of runs) {
    const count = run.toSeq - run.fromSeq + 1
    if (run.fromSeq !== seq + 1 || count < 1)
      throw new Error(`a run from ${run.fromSeq} after ${seq}`)
    if (count !== run.ids.length) throw new Error(`${run.ids.length} ids for ${count} reviews`)
    seq = run.toSeq
  }
  return seq
}
