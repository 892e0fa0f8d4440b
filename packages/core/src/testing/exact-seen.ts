/**
 * What an author had seen, spelled out: for tests that write messages on any set of earlier ones.
 * Stores say the same by a position, which names a prefix.
 */
import type { Uuid } from '../base/uuid.ts'
import type { OwnSpan, Seen } from '../message/message.ts'

export interface MessageName {
  readonly sessionId: Uuid
  readonly clientSeq: number
}

/** Nothing canonical, and nothing own. */
export function seenNothing(clientSeq: number): Seen {
  return { eid: null, seq: 0, chain: '', from: clientSeq, except: [] }
}

/** Spans that name exactly these messages; undefined for none. */
export function spansNaming(messages: Iterable<MessageName>): readonly OwnSpan[] | undefined {
  const bySession = new Map<Uuid, Set<number>>()
  for (const { sessionId, clientSeq } of messages) {
    const numbers = bySession.get(sessionId)
    if (numbers) numbers.add(clientSeq)
    else bySession.set(sessionId, new Set([clientSeq]))
  }
  if (bySession.size === 0) return undefined
  return [...bySession]
    .map(([sessionId, numbers]): OwnSpan => {
      const from = Math.min(...numbers)
      const to = Math.max(...numbers)
      const between = Array.from({ length: Math.max(0, to - from - 1) }, (_, i) => from + 1 + i)
      return { sessionId, from, to, except: between.filter((no) => !numbers.has(no)) }
    })
    .sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
}
