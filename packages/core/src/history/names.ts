/** Writes by number, as the message of their reader names them. */
import type { Uuid } from '../base/uuid.ts'
import type { Names, OwnSpan } from '../facts/types.ts'
import type { Entry, Write } from './entry.ts'

const NO_NUMBERS: readonly number[] = Object.freeze([])

export const NO_NAMES: Names = Object.freeze({
  canonical: NO_NUMBERS,
  own: NO_NUMBERS,
  others: Object.freeze([]),
})

/**
 * Names of writes that stand in the view of a message's author. `spanOf` says how a pending write of
 * another session is named; undefined: it is named by another span.
 */
export function namesOf(
  writes: readonly Write[],
  { seen, session }: Entry,
  spanOf: (write: Write) => OwnSpan | undefined = spanOfOne,
): Names {
  if (writes.length === 0) return NO_NAMES
  const canonical: number[] = []
  const own: number[] = []
  const others: OwnSpan[] = []
  for (const write of writes) {
    const { review, session: by, clientSeq } = write.entry
    if (review !== null && review.eid === seen?.eid && review.seq <= seen.seq)
      canonical.push(review.seq)
    else if (by.sessionId === session.sessionId) own.push(clientSeq)
    else {
      const span = spanOf(write)
      if (span && !others.some(({ sessionId }) => sessionId === span.sessionId)) others.push(span)
    }
  }
  return {
    canonical: canonical.sort(byNumber),
    own: own.sort(byNumber),
    others: others.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1)),
  }
}

function byNumber(a: number, b: number): number {
  return a - b
}

/** That write alone. */
function spanOfOne({ entry: { session, clientSeq } }: Write): OwnSpan {
  return { sessionId: session.sessionId, clientSeq, from: clientSeq, except: NO_NUMBERS }
}

/** A message by its session and number: what it is called before it has an id, and where numbers do. */
export function numberName(sessionId: Uuid, clientSeq: number): string {
  return `${sessionId}:${clientSeq}`
}

/** The messages that were pending in the view of a message of that session, as far as names tell. */
export function pendingIn(
  { own, others }: Names,
  sessionId: Uuid,
): readonly { readonly sessionId: Uuid; readonly clientSeq: number }[] {
  return [...own.map((clientSeq) => ({ sessionId, clientSeq })), ...others]
}
