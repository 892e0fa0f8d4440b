/** Whose sessions a link speaks for: their openings checked, and noted in the ledger. */
import type { Uuid } from '../base/uuid.ts'
import type { Signer } from '../ports/signer.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { type ProvedOpening, reviewerFrame } from '../wire/frames.ts'
import type { Connection } from './connection.ts'
import type { Ledger, SessionRecord } from '../review/ledger.ts'
import { textOf } from '../review/stored.ts'
import { verifyOpening } from './verify.ts'

export interface BindParts {
  readonly space: Uuid
  readonly signer: Signer
  readonly store: SpaceStore
  /** The one that counts now: it is read anew when the store has failed. */
  readonly ledger: () => Ledger
  readonly sessionsPerLinkMax: number
}

/** Sessions beyond what a link may speak for are not bound, and not named in the answer. */
export async function bindSessions(
  connection: Connection,
  sessions: readonly ProvedOpening[],
  { space, signer, store, ledger, sessionsPerLinkMax }: BindParts,
): Promise<void> {
  const bound: Uuid[] = []
  for (const opening of sessions) {
    const { sessionId } = opening
    const isHeld = connection.sessions.has(sessionId)
    if (!isHeld && connection.sessions.size >= sessionsPerLinkMax) continue
    const record = await verifyOpening(opening, connection.nonce, { space, signer })
    if (connection.closed) return
    if (!record.ok) {
      connection.strike(record.error.message)
      continue
    }
    const kept = await storedRecord(store, sessionId)
    const known = ledger().session(sessionId) ?? kept
    if (known && !isSameOwner(known, record.value)) {
      connection.strike('the session is bound to another person')
      continue
    }
    if (connection.closed) return
    ledger().bind(record.value, kept !== undefined)
    if (!isHeld) ledger().hold(sessionId)
    connection.speakFor(sessionId)
    bound.push(sessionId)
  }
  connection.send(reviewerFrame('bound', { sessionIds: bound }))
}

function isSameOwner(known: SessionRecord, record: SessionRecord): boolean {
  return known.authorId === record.authorId && known.personalCommit === record.personalCommit
}

/** The session as the store has it; undefined before its first verdict. One search. */
async function storedRecord(
  store: SpaceStore,
  sessionId: Uuid,
): Promise<SessionRecord | undefined> {
  const [stored] = await store.sessions([sessionId])
  if (!stored) return undefined
  return JSON.parse(textOf(stored, `the stored session ${sessionId}`)) as SessionRecord
}
