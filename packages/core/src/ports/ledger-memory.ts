/**
 * The ledger of a space in memory: the runs of each session, by clientSeq. Adding is atomic: a run
 * that overlaps a clientSeq with a verdict throws before anything is added.
 */
import { checkApart, joins } from './space-check.ts'
import type { LedgerAnswer, LedgerRun, RejectionText } from './space-store.ts'

export class LedgerMemory {
  readonly #sessions = new Map<string, readonly LedgerRun[]>()

  add(
    accepted: readonly (LedgerRun & { readonly sessionId: string })[],
    rejections: readonly RejectionText[],
  ): void {
    const changed = new Map<string, LedgerRun[]>()
    const refused = rejections.map((one) => ({ ...one, count: 1, seq: 0 }))
    for (const { sessionId, clientSeq, count, seq } of [...accepted, ...refused]) {
      const runs = changed.get(sessionId) ?? [...(this.#sessions.get(sessionId) ?? [])]
      changed.set(sessionId, runs)
      insert(sessionId, runs, { clientSeq, count, seq })
    }
    for (const [sessionId, runs] of changed) this.#sessions.set(sessionId, runs)
  }

  /** Replaces all of it by a copy of another one. */
  become(other: LedgerMemory): void {
    this.#sessions.clear()
    for (const [sessionId, runs] of other.#sessions) this.#sessions.set(sessionId, runs)
  }

  answer(sessionId: string, clientSeq: number): LedgerAnswer {
    const runs = this.#sessions.get(sessionId) ?? []
    const run = runs[firstEndingAt(runs, clientSeq)]
    if (run === undefined || run.clientSeq > clientSeq) return { kind: 'unknown' }
    if (run.seq === 0) return { kind: 'refused' }
    return { kind: 'accepted', seq: run.seq + clientSeq - run.clientSeq }
  }

  runs(sessionId: string, fromClientSeq: number, countMax: number): readonly LedgerRun[] {
    const runs = this.#sessions.get(sessionId) ?? []
    const from = firstEndingAt(runs, fromClientSeq)
    return runs.slice(from, from + countMax)
  }
}

function insert(sessionId: string, runs: LedgerRun[], run: LedgerRun): void {
  const at = firstEndingAt(runs, run.clientSeq)
  checkApart(sessionId, run, runs[at])
  const before = runs[at - 1]
  if (before !== undefined && joins(before, run)) {
    runs[at - 1] = { ...before, count: before.count + run.count }
  } else runs.splice(at, 0, run)
}

/** Index of the first run that ends at a clientSeq or later. */
function firstEndingAt(runs: readonly LedgerRun[], clientSeq: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >> 1
    const run = runs[middle]!
    if (run.clientSeq + run.count > clientSeq) high = middle
    else low = middle + 1
  }
  return low
}
