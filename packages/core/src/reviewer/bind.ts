/** Whose sessions a link speaks for: their openings checked, and noted in the ledger. */
import type { Uuid } from '../base/uuid.ts'
import type { SessionOpening } from '../message/message.ts'
import type { Signer } from '../ports/signer.ts'
import { reviewerFrame } from '../wire/frames.ts'
import type { Connection } from './connection.ts'
import type { Ledger, SessionRecord } from './ledger.ts'
import { verifyOpening } from './verify.ts'

export interface BindParts {
  readonly space: Uuid
  readonly signer: Signer
  /** The one that counts now: it is read anew when the store has failed. */
  readonly ledger: () => Ledger
  readonly sessionsPerLinkMax: number
}

/** Sessions beyond what a link may speak for are not bound, and not named in the answer. */
export async function bindSessions(
  connection: Connection,
  sessions: readonly SessionOpening[],
  { space, signer, ledger, sessionsPerLinkMax }: BindParts,
): Promise<void> {
  const bound: Uuid[] = []
  for (const opening of sessions) {
    const { sessionId } = opening
    const isHeld = connection.sessions.has(sessionId)
    if (!isHeld && connection.sessions.size >= sessionsPerLinkMax) continue
    const record = await verifyOpening(opening, space, signer)
    if (connection.closed) return
    if (!record.ok) {
      connection.strike(record.error.message)
      continue
    }
    const known = ledger().session(sessionId)
    if (known && !isSameOwner(known, record.value)) {
      connection.strike('the session is bound to another person')
      continue
    }
    ledger().bind(record.value)
    if (!isHeld) ledger().hold(sessionId)
    connection.speakFor(sessionId)
    bound.push(sessionId)
  }
  connection.send(reviewerFrame('bound', { sessionIds: bound }))
}

function isSameOwner(known: SessionRecord, record: SessionRecord): boolean {
  return known.authorId === record.authorId && known.personalCommit === record.personalCommit
}

/** What the links speak for is known to a ledger that was read anew. */
export function rebind(connections: Iterable<Connection>, from: Ledger, to: Ledger): void {
  for (const { sessions } of connections) {
    for (const id of sessions) {
      const record = from.session(id)
      if (record && !to.session(id)) to.bind(record)
      to.hold(id)
    }
  }
}
