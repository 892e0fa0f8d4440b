/** Revokes author ids and persons: stored as a commit of its own, so that other processes notice it. */
import type { Uuid } from '../base/uuid.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { Revocation } from '../review/revocations.ts'
import { type Revoked, keysOf, revocationKey, revokedWords } from '../review/revoked.ts'
import type { Connection } from './connection.ts'
import { headAfter } from './epochs.ts'
import type { OpenSpace } from './open.ts'

/** Times in a row that a commit may lose to another process on the same store. */
const FENCED_MAX = 8

export interface RevokeParts {
  readonly store: SpaceStore
  readonly connections: ReadonlySet<Connection>
  /** What is committed now; read after each `resync`. */
  readonly open: OpenSpace
  /** Reads what another process has committed. */
  readonly resync: () => Promise<void>
}

/**
 * Revokes an author id or a person, or readmits them where `revocation` is undefined, and closes their
 * links. Rejects where the store fails.
 */
export async function storeRevocation(
  who: Revoked,
  revocation: Omit<Revocation, 'seq'> | undefined,
  { store, connections, open, resync }: RevokeParts,
): Promise<void> {
  const key = revocationKey(who)
  for (let times = 0; ; times++) {
    if (times > FENCED_MAX) throw new Error('another reviewer writes to this space all the time')
    const { head, commits, lineage, space } = open
    const stored = revocation && { ...revocation, seq: head.seq }
    const outcome = await store.append({
      epoch: lineage.present.epoch,
      expect: { seq: head.seq, commits },
      revocations: [{ key, ...(stored && { text: JSON.stringify(stored) }) }],
      head: headAfter(open, head, space.assignedAfter([])),
    })
    if (outcome === 'fenced') {
      await resync()
      continue
    }
    open.commits++
    open.revocations.put(key, stored)
    // The next link gets the capabilities that are valid from now on.
    for (const link of [...connections])
      if (isOf(link, who, open)) link.close(revocation ? revokedWords(key) : 'readmitted; resume')
    return
  }
}

/** Whether a session of that author id or person is bound to the link. */
function isOf(link: Connection, who: Revoked, { ledger }: OpenSpace): boolean {
  const key = revocationKey(who)
  const isKey = (sessionId: Uuid): boolean => {
    const record = ledger.session(sessionId)
    return record !== undefined && keysFor(link, record).includes(key)
  }
  return [...link.sessions].some(isKey)
}

/** The keys of revocations that concern a session on a link: of its author id, and of its person. */
export function keysFor(
  { person }: Pick<Connection, 'person'>,
  { authorId, personalId }: { readonly authorId: Uuid; readonly personalId: string },
): ReturnType<typeof keysOf> {
  return keysOf(authorId, person?.id ?? personalId)
}
