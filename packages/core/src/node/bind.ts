/** Binds sessions to a link: verifies their openings and records them in the ledger. */
import type { Uuid } from '../base/uuid.ts'
import type { Signer } from '../ports/signer.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { type ProvedOpening, reviewerFrame } from '../wire/frames.ts'
import type { Connection } from './connection.ts'
import type { Ledger, SessionRecord } from '../review/ledger.ts'
import { readSession } from '../review/stored.ts'
import { verifyOpening } from './verify.ts'

export interface BindParts {
  readonly space: Uuid
  readonly signer: Signer
  readonly store: SpaceStore
  /** The ledger of the open space. */
  readonly ledger: () => Ledger
  readonly sessionsPerLinkMax: number
}

/**
 * Binds sessions up to the maximum of a link; others are not listed in the answer. The store is
 * read once for all of them, because a client that waits too long for the answer sends `bind` again.
 */
export async function bindSessions(
  connection: Connection,
  sessions: readonly ProvedOpening[],
  { space, signer, store, ledger, sessionsPerLinkMax }: BindParts,
): Promise<void> {
  let room = sessionsPerLinkMax - connection.sessions.size
  const taken = sessions.filter(({ sessionId }) => connection.sessions.has(sessionId) || room-- > 0)
  const checks = taken.map((opening) => verifyOpening(opening, connection.nonce, { space, signer }))
  const proved: SessionRecord[] = []
  for (const record of await Promise.all(checks)) {
    if (record.ok) proved.push(record.value)
    else connection.strike(record.error.message)
  }
  if (connection.closed) return
  const stored = await storedRecords(store, proved)
  if (connection.closed) return
  const bound: Uuid[] = []
  for (const record of proved) {
    const { sessionId } = record
    const kept = stored.get(sessionId)
    const known = ledger().session(sessionId) ?? kept
    if (known && !isSameOwner(known, record)) {
      connection.strike('the session is bound to another person')
      continue
    }
    const isHeld = connection.sessions.has(sessionId)
    // A concurrent `bind` on this link may have used up the room.
    if (!isHeld && connection.sessions.size >= sessionsPerLinkMax) continue
    ledger().bind(record, kept !== undefined)
    if (!isHeld) ledger().hold(sessionId)
    connection.speakFor(sessionId)
    bound.push(sessionId)
  }
  connection.send(reviewerFrame('bound', { sessionIds: bound }))
}

function isSameOwner(known: SessionRecord, record: SessionRecord): boolean {
  return known.authorId === record.authorId && known.personalCommit === record.personalCommit
}

/** The stored records of sessions. A session without a verdict is not stored. */
async function storedRecords(
  store: SpaceStore,
  sessions: readonly SessionRecord[],
): Promise<ReadonlyMap<Uuid, SessionRecord>> {
  const texts = await store.sessions(sessions.map(({ sessionId }) => sessionId))
  const records = sessions.flatMap(({ sessionId }, i): [Uuid, SessionRecord][] => {
    const stored = texts[i]
    return stored ? [[sessionId, readSession(stored, sessionId)]] : []
  })
  return new Map(records)
}
