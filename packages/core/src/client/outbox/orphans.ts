/**
 * Own messages whose parents the reviewer has lost, and that no store has handed back. It nacks
 * them with `parent_unknown` at each offer; after a timeout this store rejects them itself, so that
 * they do not wait for ever.
 */
import type { Entry } from '../../history/entry.ts'

/** Timeout for other stores to reconnect and hand back what the reviewer has lost. */
const GIVEN_BACK_MS = 120_000
/** So long after a greeting nothing is given up: peers bring what they have to a reviewer that is back. */
const BROUGHT_MS = 30_000

export class Orphans {
  /** Time of the first nack of each message, in monotonic ms. */
  #since = new WeakMap<Entry, number>()
  #greetedAtMs = -Infinity

  /** A reviewer has greeted: other stores may be there only now, too. */
  greeted(nowMs: number): void {
    this.#greetedAtMs = nowMs
  }

  /**
   * Restarts the timeouts when another lineage is followed: other stores may still hand back what
   * it lacks.
   */
  startAnew(): void {
    this.#since = new WeakMap()
  }

  /**
   * Called when the reviewer lacks the parents of these messages. Returns those whose timeout has
   * passed and that depend on no message still to be offered. `waiting`: all messages of this
   * device without a verdict.
   */
  nacked(entries: readonly Entry[], waiting: readonly Entry[], nowMs: number): readonly Entry[] {
    const isWaitedFor = nowMs - this.#greetedAtMs < BROUGHT_MS
    return entries.filter((entry) => {
      const since = this.#since.get(entry)
      if (since === undefined) this.#since.set(entry, nowMs)
      const isLate = since !== undefined && nowMs - since >= GIVEN_BACK_MS
      return isLate && !isWaitedFor && !isBehind(entry, waiting)
    })
  }
}

/** Whether another waiting message may be a parent of this one. */
function isBehind({ session, clientSeq, writes }: Entry, waiting: readonly Entry[]): boolean {
  const ids = new Set(writes.map(({ entityId }) => entityId))
  /** By session, the last number that precedes it. */
  const lasts = new Map([[session.sessionId, clientSeq - 1]])
  for (const { sessionId, clientSeq: last } of writes.flatMap((write) => write.named?.others ?? []))
    lasts.set(sessionId, Math.max(last, lasts.get(sessionId) ?? 0))
  return waiting.some(
    (other) =>
      other.clientSeq <= (lasts.get(other.session.sessionId) ?? 0) &&
      other.writes.some(({ entityId }) => ids.has(entityId)),
  )
}
