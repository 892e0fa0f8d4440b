/** The ledger entries of a decision. */
import type { Uuid } from '../base/uuid.ts'
import { reviewIn } from '../history/entry.ts'
import type { LedgerRun } from '../ports/space-store.ts'
import type { Decision } from '../review/decision.ts'

/** The accepted messages of a decision as runs of numbers of one session. */
export function acceptedRuns({
  batch,
}: Pick<Decision<unknown>, 'batch'>): (LedgerRun & { readonly sessionId: Uuid })[] {
  const runs: { sessionId: Uuid; clientSeq: number; count: number; seq: number }[] = []
  for (const entry of batch.entries) {
    const { session, clientSeq } = entry
    const { sessionId } = session
    const { seq } = reviewIn(entry)
    const last = runs.at(-1)
    const follows =
      last?.sessionId === sessionId &&
      last.clientSeq + last.count === clientSeq &&
      last.seq + last.count === seq
    if (follows) last.count++
    else runs.push({ sessionId, clientSeq, count: 1, seq })
  }
  return runs
}
