/**
 * What the author of a write had seen: the one rule behind fold, heads, conflicts, compare-and-set
 * and bases. A view is always a prefix of the canonical order, with pending writes of this session
 * and of others on the device. So the numbers that the author signed decide it, and no graph of
 * the history is stored.
 *
 *   saw(m, w)   m's change is no create, and
 *               w.seq <= cut (or seq)         canonical, and read when the flush was opened
 *               w is own, from `from` on      written before m in its session
 *               w is named by session and number
 */
import type { Names, OwnSpan, Seen } from '../facts/types.ts'
import type { Entry, KeptWrites, Write } from './entry.ts'

/** Whether the author of `m` had seen `w`, an earlier write of the same entity. */
export function saw(m: Write, w: Write): boolean {
  return m.kind !== 'create' && hadRead(m.entry, m, w)
}

/** The author's view of one entity. */
export interface Reading {
  readonly cut?: number | undefined
  readonly own?: readonly OwnSpan[] | undefined
}

/** Whether the author of a message, with this view of an entity, had seen `w`. */
export function hadRead(message: Entry, { cut, own }: Reading, w: Write): boolean {
  const { seen, session, clientSeq } = message
  // A message being written is on top of all that is shown.
  if (seen === undefined) return true
  const { entry } = w
  if (isReviewedUpTo(entry, cut ?? seen.seq, seen)) return true
  if (entry.session.sessionId === session.sessionId)
    if (isBetween(entry.clientSeq, seen.from, clientSeq - 1, seen.except)) return true
  return own !== undefined && isInSpans(own, entry.session.sessionId, entry.clientSeq)
}

function isReviewedUpTo({ review }: Entry, seq: number, { eid }: Seen): boolean {
  return review !== null && review.eid === eid && review.seq <= seq
}

/** Whether two writes of an entity are concurrent: neither author had seen the other. */
export function areBeside(a: Write, b: Write): boolean {
  return !saw(a, b) && !saw(b, a)
}

/** Whether two writes are the same, though one of them was loaded from a page. */
export function isSameWrite(a: Write, b: Write): boolean {
  if (a === b) return true
  return (
    a.entry.session.sessionId === b.entry.session.sessionId &&
    a.entry.clientSeq === b.entry.clientSeq &&
    a.entityId === b.entityId
  )
}

/** Whether `m` keeps `w` live in a register that it writes. */
export function keeps(m: Write, reg: string, w: Write): boolean {
  const kept = m.keep?.get(reg)
  return kept !== undefined && isAmong(kept, m.entry, w)
}

function isAmong(kept: KeptWrites, by: Entry, w: Write): boolean {
  return 'own' in kept ? isNamed(kept, by, w) : kept.some((other) => isSameWrite(other, w))
}

/** Whether the names of a message include `w`, another write of the same entity. */
export function isNamed({ canonical, own, others }: Names, by: Entry, w: Write): boolean {
  const { session, clientSeq, review } = w.entry
  if (review !== null && review.eid === by.seen?.eid && canonical.includes(review.seq)) return true
  if (session.sessionId === by.session.sessionId) return own.includes(clientSeq)
  return isInSpans(others, session.sessionId, clientSeq)
}

function isInSpans(spans: readonly OwnSpan[], sessionId: string, clientSeq: number): boolean {
  return spans.some(
    (span) =>
      span.sessionId === sessionId && isBetween(clientSeq, span.from, span.clientSeq, span.except),
  )
}

function isBetween(clientSeq: number, from: number, to: number, except: Seen['except']): boolean {
  return clientSeq >= from && clientSeq <= to && !except.includes(clientSeq)
}
