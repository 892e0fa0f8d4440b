/**
 * An exact set of messages that an author had seen, for tests that write on any set of earlier ones.
 * Stores use a position, which names a prefix.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Names, OwnSpan, Seen } from '../facts/types.ts'

/** The name of a message: its session and its number there. */
export interface MessageName {
  readonly sessionId: Uuid
  readonly clientSeq: number
}

/** A `seen` without canonical messages, and with exactly these earlier numbers of its own session. */
export function seenOwn(clientSeq: number, numbers: Iterable<number> = []): Seen {
  const own = new Set(numbers)
  const from = Math.min(clientSeq, ...own)
  const all = Array.from({ length: clientSeq - from }, (_, i) => from + i)
  return { eid: null, seq: 0, chain: '', from, except: all.filter((no) => !own.has(no)) }
}

/** A `seen` that names no message at all, neither canonical nor own. */
export function seenNothing(clientSeq: number): Seen {
  return seenOwn(clientSeq)
}

/** Spans that name exactly these messages. */
export function spansNaming(messages: Iterable<MessageName>): readonly OwnSpan[] {
  const bySession = new Map<Uuid, Set<number>>()
  for (const { sessionId, clientSeq } of messages) {
    const numbers = bySession.get(sessionId)
    if (numbers) numbers.add(clientSeq)
    else bySession.set(sessionId, new Set([clientSeq]))
  }
  return [...bySession]
    .map(([sessionId, numbers]): OwnSpan => {
      const from = Math.min(...numbers)
      const clientSeq = Math.max(...numbers)
      const between = Array.from(
        { length: Math.max(0, clientSeq - from - 1) },
        (_, i) => from + 1 + i,
      )
      return { sessionId, clientSeq, from, except: between.filter((no) => !numbers.has(no)) }
    })
    .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
}

/**
 * The names in a message of `sessionId` for what its author had seen of an entity: the parents, and
 * other messages of other sessions in view.
 */
export function namesOfSeen(
  sessionId: Uuid,
  {
    parents,
    seen,
  }: { readonly parents: readonly MessageName[]; readonly seen: Iterable<MessageName> },
): { readonly parents: Names; readonly own: readonly OwnSpan[] } {
  const isOwn = (name: MessageName): boolean => name.sessionId === sessionId
  const spans = spansNaming([...seen].filter((name) => !isOwn(name)))
  const isParents = (span: OwnSpan): boolean =>
    parents.some((parent) => parent.sessionId === span.sessionId)
  return {
    parents: {
      canonical: [],
      own: parents
        .filter(isOwn)
        .map(({ clientSeq }) => clientSeq)
        .sort((a, b) => a - b),
      others: spans.filter(isParents),
    },
    own: spans.filter((span) => !isParents(span)),
  }
}
