/**
 * Marks stored own messages as accepted because one that names them as parents is: a message is
 * accepted after its parents (ADM12). The canonical state shows only the newest of them where they
 * are of one row, and another tab may have stored that state before the author's had its verdicts;
 * unmarked, the older ones would be pending over a state that contains them.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import type { MessageIndex } from '../../history/messages.ts'
import { numberName } from '../../history/names.ts'
import type { StoredFlush } from './restore.ts'

/** `flushes`: in the order in which they were stored. */
export function noteParents(flushes: readonly StoredFlush[], messages: MessageIndex): void {
  const first = flushes.findIndex(({ open }) => open)
  if (first < 0) return
  // A message that depends on an open one was stored after it.
  const stored = new Map<string, AuthoredMessage>()
  for (const message of flushes.slice(first).flatMap((flush) => flush.messages))
    stored.set(numberName(message.session.facts.sessionId, message.clientSeq), message)
  const accepted = [...stored.values()].filter((message) => messages.hasAccepted(message))
  for (let child = accepted.pop(); child; child = accepted.pop()) {
    for (const [sessionId, clientSeq] of parentsOf(child)) {
      const parent = stored.get(numberName(sessionId, clientSeq))
      if (!parent || messages.isAccepted(sessionId, clientSeq)) continue
      messages.noteAccepted(sessionId, clientSeq)
      accepted.push(parent)
    }
  }
}

/** The parents that had no verdict when the message was written. */
function parentsOf({
  session,
  changes,
}: AuthoredMessage): readonly (readonly [sessionId: Uuid, clientSeq: number])[] {
  return changes.flatMap(({ parents }) => [
    ...parents.own.map((clientSeq) => [session.facts.sessionId, clientSeq] as const),
    ...parents.others.map(({ sessionId, clientSeq }) => [sessionId, clientSeq] as const),
  ])
}
