/**
 * What an author had seen, by the numbers that its message states and by nothing else: the rule of
 * SPEC, implemented literally, without a line of core.
 */
import type { AuthoredMessage, OwnSpan } from '@countersign/core/message'

/** A message with where it was accepted, if it was. */
export interface Placed {
  readonly message: AuthoredMessage
  readonly seq: number | undefined
}

/** The messages of one entity, each with its bit. */
export interface PlacedHistory {
  within(mask: bigint): readonly Placed[]
  bitOf(id: string): bigint
}

/** The part of a message about one entity: a change, or an expectation. */
export interface Stated {
  readonly cut?: number
  readonly own?: readonly OwnSpan[]
  readonly parents?: { readonly others: readonly OwnSpan[] }
}

/** Whether the author of a message had `other`, of an entity of which it states this, in view. */
export function sawByNumbers(
  { seen, session, clientSeq }: AuthoredMessage,
  { cut, own = [], parents }: Stated,
  { message, seq }: Placed,
): boolean {
  if (seen.eid !== null && seq !== undefined && seq <= (cut ?? seen.seq)) return true
  const { sessionId } = message.session.facts
  const number = message.clientSeq
  const isOwn = sessionId === session.facts.sessionId && number < clientSeq
  if (isOwn && number >= seen.from && !seen.except.includes(number)) return true
  return [...own, ...(parents?.others ?? [])].some(
    (span) =>
      span.sessionId === sessionId &&
      number >= span.from &&
      number <= span.clientSeq &&
      !span.except.includes(number),
  )
}

/** Of these messages of an entity, those that the author had in view. */
export function seenAmong(
  history: PlacedHistory,
  mask: bigint,
  { message, stated }: { readonly message: AuthoredMessage; readonly stated: Stated },
): bigint {
  let seen = 0n
  for (const fact of history.within(mask))
    if (sawByNumbers(message, stated, fact)) seen |= history.bitOf(fact.message.id)
  return seen
}
