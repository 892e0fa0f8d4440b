/**
 * What the author of a write had seen: the one rule behind fold, heads, conflicts, compare-and-set
 * and bases. A view is always a prefix of the canonical order, with pending writes of this session
 * and of others on the device. So the numbers that the author signed decide it, and no graph of
 * the history is stored.
 *
 *   saw(m, w)   m's change is no create, and
 *               w.seq <= cut (or seq)         canonical, and read when the flush was opened; on the
 *                                             lineage that its author followed, or up to where that
 *                                             lineage and another lineage of w are the same
 *               w is own, from `from` on      written before m in its session
 *               w is named by session and number
 */
import type { Uuid } from '../base/uuid.ts'
import type { OtherPlace, Review } from '../facts/message.ts'
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
  if (isRead(entry, message, cut)) return true
  if (entry.session.sessionId === session.sessionId)
    if (isBetween(entry.clientSeq, seen.from, clientSeq - 1, seen.except)) return true
  return own !== undefined && isInSpans(own, entry.session.sessionId, entry.clientSeq)
}

/** Whether the author of a message had read a write that is canonical. */
function isRead({ review }: Entry, by: Entry, cut: number = Infinity): boolean {
  if (review === null) return false
  if (review.seq <= Math.min(readHere(by, review), cut)) return true
  const { places } = review
  return (
    places !== undefined && places.some(({ eid, seq }) => seq <= Math.min(readOf(by, eid), cut))
  )
}

/**
 * The last seq that the author of a message had read on the lineage of its review, or of `other`.
 */
export function readHere({ seen, review, readings }: Entry, other: Review): number {
  if (seen === undefined) return 0
  // For a pending message the replica has computed it from its lineage.
  if (review === null) return readings?.here ?? (seen.eid === other.eid ? seen.seq : 0)
  // Seqs continue along a lineage, so a seq of its present epoch includes all earlier epochs.
  return stated(review.reads, review.eid) ?? (seen.eid === review.eid ? seen.seq : 0)
}

/**
 * The last seq that the author of a message had read on a lineage that it is not on; 0 if unknown.
 */
function readOf({ seen, review, readings }: Entry, eid: Uuid): number {
  if (seen?.eid === eid) return seen.seq
  return stated(review ? review.reads : readings?.others, eid) ?? 0
}

function stated(reads: readonly OtherPlace[] = [], eid: Uuid): number | undefined {
  return reads.find((read) => read.eid === eid)?.seq
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
  if (review !== null && canonical.some((seq) => isAt(review, seq, by))) return true
  if (session.sessionId === by.session.sessionId) return own.includes(clientSeq)
  return isInSpans(others, session.sessionId, clientSeq)
}

/** Whether a canonical write is the one that the author of a message read at a seq. */
function isAt(review: Review, named: number, by: Entry): boolean {
  if (review.seq === named && named <= readHere(by, review)) return true
  const { places = [] } = review
  return places.some(({ eid, seq }) => seq === named && named <= readOf(by, eid))
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
