/**
 * Own messages that were written on what a reviewer has lost and nobody gives back. It answers them
 * with `parent_unknown` each time they are offered; after a while this store refuses them itself, so
 * that they do not wait unseen for ever.
 */
import type { Entry } from '../../history/entry.ts'

/** How long others have to come back and give back what a reviewer has lost. */
const GIVEN_BACK_MS = 120_000

export class Orphans {
  /** When the reviewer first lacked what they were written on, in monotonic ms. */
  #since = new WeakMap<Entry, number>()

  /** Another lineage is followed: what it lacks may still come back. */
  startAnew(): void {
    this.#since = new WeakMap()
  }

  /**
   * The reviewer lacks what these were written on. Returns those that have waited long enough, and
   * for nothing that is still to be offered. `waiting`: all messages of this device without a verdict.
   */
  nacked(entries: readonly Entry[], waiting: readonly Entry[], nowMs: number): readonly Entry[] {
    return entries.filter((entry) => {
      const since = this.#since.get(entry)
      if (since === undefined) this.#since.set(entry, nowMs)
      return since !== undefined && nowMs - since >= GIVEN_BACK_MS && !isBehind(entry, waiting)
    })
  }
}

/** Whether another message waits that it may have been written on. */
function isBehind({ session, clientSeq, writes }: Entry, waiting: readonly Entry[]): boolean {
  const ids = new Set(writes.map(({ entityId }) => entityId))
  /** By session, the last one that was before it. */
  const lasts = new Map([[session.sessionId, clientSeq - 1]])
  for (const { sessionId, clientSeq: last } of writes.flatMap((write) => write.named?.others ?? []))
    lasts.set(sessionId, Math.max(last, lasts.get(sessionId) ?? 0))
  return waiting.some(
    (other) =>
      other.clientSeq <= (lasts.get(other.session.sessionId) ?? 0) &&
      other.writes.some(({ entityId }) => ids.has(entityId)),
  )
}
