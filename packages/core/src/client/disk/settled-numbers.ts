/**
 * Numbers of own messages that were accepted, in flushes with all their verdicts. A checkpoint deletes
 * these flushes (DSK4); without the record, a stored message that was written on one of them would seem
 * to be written on a draft that was lost.
 *
 *   meta   `settled:<session of the messages>:<session that stored the record>` → [[from, to]…]
 *
 * Each store writes records of its own, so that no tab overwrites what another one has stored.
 */
import { IntervalSet } from '../../base/intervals.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { SettledFlush } from '../../sync/outbox.ts'

/** Prefix of the keys of these records; the session follows. */
export const SETTLED = 'settled:'

export class SettledNumbers {
  readonly #bySession = new Map<Uuid, IntervalSet>()

  /** Adds the accepted messages of these flushes. Returns the records to store. */
  add(flushes: readonly SettledFlush[], by: Uuid): readonly (readonly [string, unknown])[] {
    const changed = new Map<Uuid, IntervalSet>()
    for (const { sessionId, accepted } of flushes) {
      if (accepted.length === 0) continue
      let numbers = this.#bySession.get(sessionId)
      if (!numbers) this.#bySession.set(sessionId, (numbers = new IntervalSet()))
      for (const clientSeq of accepted) numbers.add(clientSeq)
      changed.set(sessionId, numbers)
    }
    return [...changed].map(([sessionId, { intervals }]) => [
      `${SETTLED}${sessionId}:${by}`,
      intervals.map(([from, to]) => [from, to]),
    ])
  }
}

/** Whether a message is in one of the stored records. */
export function settledIn({
  meta,
}: Pick<StoredState, 'meta'>): (sessionId: Uuid, clientSeq: number) => boolean {
  const bySession = new Map<Uuid, (readonly [from: number, to: number])[]>()
  for (const [key, value] of meta) {
    const [prefix, sessionId = ''] = key.split(':')
    if (`${prefix}:` !== SETTLED || !Array.isArray(value)) continue
    const stretches = value.filter(isStretch)
    bySession.set(sessionId, [...(bySession.get(sessionId) ?? []), ...stretches])
  }
  return (sessionId, clientSeq) =>
    bySession.get(sessionId)?.some(([from, to]) => from <= clientSeq && clientSeq <= to) ?? false
}

function isStretch(value: unknown): value is readonly [from: number, to: number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger)
}
