/** Names of writes by number, relative to the message that names them. */
import type { Uuid } from '../base/uuid.ts'
import type { Names, OwnSpan } from '../facts/types.ts'
import type { Entry, Write } from './entry.ts'
import { readHere } from './saw.ts'

const NO_NUMBERS: readonly number[] = Object.freeze([])

export const NO_NAMES: Names = Object.freeze({
  canonical: NO_NUMBERS,
  own: NO_NUMBERS,
  others: Object.freeze([]),
})

/**
 * Names of writes in the view of the author of a message. What the author had read as canonical is
 * named by its seq, in whichever epoch of the lineage it was accepted: own numbers before `seen.from`
 * are no names. `spanOf` returns the span of a pending write of another session; undefined if another
 * span covers it.
 */
export function namesOf(
  writes: readonly Write[],
  by: Entry,
  spanOf: (write: Write) => OwnSpan | undefined = spanOfOne,
): Names {
  if (writes.length === 0) return NO_NAMES
  // Nearly always one write: lists of the right length, without empty ones.
  let { canonical, own, others } = NO_NAMES
  for (const write of writes) {
    const { review, session, clientSeq } = write.entry
    if (review !== null && review.seq <= readHere(by, review))
      canonical = [...canonical, review.seq]
    else if (session.sessionId === by.session.sessionId) own = [...own, clientSeq]
    else {
      const span = spanOf(write)
      if (span && !others.some(({ sessionId }) => sessionId === span.sessionId))
        others = [...others, span]
    }
  }
  return {
    canonical: sorted(canonical, byNumber),
    own: sorted(own, byNumber),
    others: sorted(others, bySession),
  }
}

function sorted<T>(list: readonly T[], compare: (a: T, b: T) => number): readonly T[] {
  return list.length < 2 ? list : [...list].sort(compare)
}

function bySession(a: OwnSpan, b: OwnSpan): number {
  return a.sessionId < b.sessionId ? -1 : 1
}

function byNumber(a: number, b: number): number {
  return a - b
}

/** A span of one write. */
function spanOfOne({ entry: { session, clientSeq } }: Write): OwnSpan {
  return { sessionId: session.sessionId, clientSeq, from: clientSeq, except: NO_NUMBERS }
}

/** A message's name by session and number, used before it has an id. */
export function numberName(sessionId: Uuid, clientSeq: number): string {
  return `${sessionId}:${clientSeq}`
}

/** The pending messages in the view of a message of that session, as far as its names show. */
export function pendingIn(
  { own, others }: Names,
  sessionId: Uuid,
): readonly { readonly sessionId: Uuid; readonly clientSeq: number }[] {
  const named = own.map((clientSeq) => ({ sessionId, clientSeq }))
  return others.length === 0 ? named : [...named, ...others]
}
