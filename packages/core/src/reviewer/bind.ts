/** Whose sessions a link speaks for: their openings checked, and noted in the ledger. */
import type { Uuid } from '../base/uuid.ts'
import type { SessionOpening } from '../message/message.ts'
import type { Signer } from '../ports/signer.ts'
import { boundFrame } from '../protocol/frames.ts'
import type { Connection } from './connection.ts'
import type { Ledger } from './ledger.ts'
import { verifyOpening } from './verify.ts'

export interface BindParts {
  readonly space: Uuid
  readonly signer: Signer
  /** The one that counts now: it is read anew when the store has failed. */
  readonly ledger: () => Ledger
}

export async function bindSessions(
  connection: Connection,
  sessions: readonly SessionOpening[],
  { space, signer, ledger }: BindParts,
): Promise<void> {
  const bound: Uuid[] = []
  for (const opening of sessions) {
    const record = await verifyOpening(opening, space, signer)
    if (!record.ok) {
      connection.strike(record.error.message)
      continue
    }
    const known = ledger().session(opening.sessionId)
    if (known && known.personalCommit !== record.value.personalCommit) {
      connection.strike('the session is bound to another person')
      continue
    }
    if (!known) ledger().bind(record.value)
    connection.sessions.add(opening.sessionId)
    bound.push(opening.sessionId)
  }
  connection.send(boundFrame(bound))
}
