/**
 * What the author of a write had seen: the one rule that fold, heads, conflicts, compare-and-set
 * and bases ask. A view is always a prefix of the canonical order, with pending writes of this
 * session and of others on the device. So the numbers that the author signed are enough to answer,
 * and no graph of the history is stored.
 *
 *   saw(m, w)   m's change is no create, and
 *               w.seq <= cut (or seq)         canonical, and read when the flush was opened
 *               w is own, from `from` on      written before m in its session
 *               w is named by session and number
 */
import type { OwnSpan, Seen } from '../message/message.ts'
import type { Write } from './entry.ts'

/** Whether `m` saw `w`, another write of the same entity that stands before it. */
export function saw(m: Write, w: Write): boolean {
  if (m.kind === 'create') return false
  const { seen } = m.entry
  // It is being written on top of all that is shown.
  if (seen === undefined) return true
  const { review, session, clientSeq } = w.entry
  if (review !== null && review.eid === seen.eid && review.seq <= (m.cut ?? seen.seq)) return true
  const own = m.entry
  if (session.sessionId === own.session.sessionId)
    if (isBetween(clientSeq, seen.from, own.clientSeq - 1, seen.except)) return true
  return m.own !== undefined && isNamed(m.own, session.sessionId, clientSeq)
}

/** Whether neither of two writes of an entity saw the other. */
export function areBeside(a: Write, b: Write): boolean {
  return !saw(a, b) && !saw(b, a)
}

/** Whether two writes are the same one, though one of them was read from a page. */
export function isSameWrite(a: Write, b: Write): boolean {
  if (a === b) return true
  return (
    a.entry.session.sessionId === b.entry.session.sessionId &&
    a.entry.clientSeq === b.entry.clientSeq &&
    a.entityId === b.entityId
  )
}

/** Whether `m` leaves `w` standing in a register that it writes. */
export function keeps(m: Write, reg: string, w: Write): boolean {
  const kept = m.keep?.get(reg)
  return kept !== undefined && kept.some((named) => isNamedBy(named, w))
}

function isNamedBy(named: Write | string, w: Write): boolean {
  if (typeof named !== 'string') return isSameWrite(named, w)
  // A draft without an id was written here, after whatever names an id.
  return w.entry.identified && w.entry.id === named
}

function isNamed(spans: readonly OwnSpan[], sessionId: string, clientSeq: number): boolean {
  return spans.some(
    (span) => span.sessionId === sessionId && isBetween(clientSeq, span.from, span.to, span.except),
  )
}

function isBetween(clientSeq: number, from: number, to: number, except: Seen['except']): boolean {
  return clientSeq >= from && clientSeq <= to && !except.includes(clientSeq)
}
