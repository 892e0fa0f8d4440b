/**
 * Binds sessions to a link: checks the login of the link and the openings of the sessions, and that
 * both are of the same person. Adds the sessions to the ledger, and their author ids to the persons.
 *
 *   bind ─▶ login ─▶ openings and proofs ─▶ same person? ─▶ author id free, or theirs? ─▶ revoked? ─▶ bound
 *             └── refused: bye                    └── no: not bound; the answer says why
 */
import { without } from '../base/redact.ts'
import { NO_BYTES } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Signer } from '../ports/signer.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { Limits } from '../facts/limits.ts'
import type { AuthorFrames, ProvedOpening } from '../wire/frames.ts'
import { reviewerFrame } from '../wire/frames.ts'
import { isAnonymous } from '../facts/whoami.ts'
import type { Connection } from './connection.ts'
import type { Events } from './events.ts'
import { type Ledger, type SessionRecord, hasKey } from '../review/ledger.ts'
import type { Person, Persons } from '../review/persons.ts'
import type { Revocations } from '../review/revocations.ts'
import { revokedWords } from '../review/revoked.ts'
import { readSession, textOf } from '../review/stored.ts'
import { type LoginParts, type SignedIn, signedIn } from './login.ts'
import type { Quotas } from './quotas.ts'
import { keysFor } from './revoke.ts'
import type { WaitingLine } from './waiting-line.ts'
import { verifyOpening } from './verify.ts'

export interface BindParts extends LoginParts {
  readonly signer: Signer
  readonly store: SpaceStore
  readonly ledger: Ledger
  readonly persons: Persons
  readonly revocations: Revocations
  readonly limits: Limits
  readonly quotas: Quotas
  readonly events: Events
  readonly connections: ReadonlySet<Connection>
  /** Queues the reads of the store: a link that closes while it waits causes none. */
  readonly line: WaitingLine
  /** This reviewer is a peer: an opening gives it only the commitment to the personal id. */
  readonly isProvisional: boolean
  /** Signs the author ids of a person for the link with that nonce. */
  readonly signMe: (nonce: string, authorIds: readonly Uuid[]) => Promise<string>
}

/**
 * Binds sessions up to the maximum of a link; others are not listed in the answer. The store is
 * asked once for all of them, because a client that waits too long for the answer sends `bind` again.
 */
export async function bindSessions(
  connection: Connection,
  frame: AuthorFrames['bind'],
  parts: BindParts,
): Promise<void> {
  const login = await loginOf(connection, frame, parts)
  if (!login || connection.closed) return
  const proved = await provedSessions(connection, frame.sessions, parts)
  await parts.line.run(async () => {
    const { auth, keeps } = frame
    if (!connection.closed) await answer(connection, { login, proved, auth, keeps }, parts)
  })
}

interface Proved {
  readonly login: SignedIn
  readonly proved: readonly SessionRecord[]
  readonly auth: string | null
  /** They are stored with the next commit. */
  readonly keeps: boolean
}

async function answer(
  connection: Connection,
  { login, proved, auth, keeps }: Proved,
  parts: BindParts,
): Promise<void> {
  const { person } = login
  const own = proved.filter(
    ({ personalId }) => !person || personalId === person.id || isAnonymous(personalId),
  )
  const { bound, foreign, isNews } = await take(connection, { proved: own, person, keeps }, parts)
  if (connection.closed) return
  const isOther = own.length < proved.length
  const why = isOther ? 'a session is of another person than the login' : foreign
  if (why !== undefined && connection.sessions.size === 0) {
    refuse(connection, why, { secrets: [auth], events: parts.events })
    return
  }
  const { revoked } = connection
  const told = person && revoked === undefined && (await meFrame(connection, person, parts))
  const { forMs = null } = login
  const allowed = revoked === undefined ? [...login.may] : []
  const said = { forMs, why: why ?? revoked ?? null, may: bound.length > 0 ? allowed : null }
  connection.send(reviewerFrame('bound', { sessionIds: bound, ...said }))
  if (told) connection.send(told)
  if (person && isNews) await tellOthers(connection, person, parts)
}

/** The accepted login; undefined: it was refused or could not be checked, and the link is closed. */
async function loginOf(
  connection: Connection,
  { auth, sessions }: AuthorFrames['bind'],
  parts: BindParts,
): Promise<SignedIn | undefined> {
  const { events } = parts
  const secrets = [auth, ...sessions.map(({ personalId }) => personalId)]
  let login
  try {
    login = await signedIn(auth, connection.peer, parts)
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    const { address } = connection.peer
    events.emit({ type: 'login_failed', address, error: without(secrets, words) })
    connection.close('the login cannot be checked now; try again')
    return undefined
  }
  const why = login.ok ? connection.signIn(login.value) : login.error.message
  if (login.ok && why === undefined) return login.value
  refuse(connection, why ?? '', { secrets, events })
  return undefined
}

function refuse(
  connection: Connection,
  why: string,
  { secrets, events }: { readonly secrets: readonly (string | null)[]; readonly events: Events },
): void {
  const { address } = connection.peer
  events.emit({ type: 'login_refused', address, why: without(secrets, why) })
  connection.close(why, 'unauthorised')
}

/** The sessions whose openings and proofs are valid. Each invalid one is a strike for the link. */
async function provedSessions(
  connection: Connection,
  sessions: readonly ProvedOpening[],
  { space, signer, limits, isProvisional }: BindParts,
): Promise<readonly SessionRecord[]> {
  let room = limits.sessionsPerLinkMax - connection.sessions.size
  const taken = sessions.filter(({ sessionId }) => connection.sessions.has(sessionId) || room-- > 0)
  const checks = taken.map((opening) =>
    verifyOpening(opening, connection.nonce, { space, signer, isProvisional }),
  )
  const proved: SessionRecord[] = []
  for (const record of await Promise.all(checks)) {
    if (record.ok) proved.push(record.value)
    else connection.strike(record.error.message)
  }
  return proved
}

interface Taken {
  readonly bound: readonly Uuid[]
  /** Why a session is not bound, although its opening is valid. */
  readonly foreign: string | undefined
  /** An author id was bound that was not known before to be this person's. */
  readonly isNews: boolean
}

async function take(
  connection: Connection,
  { proved, person, keeps }: Pick<Proved, 'proved' | 'keeps'> & { readonly person: Person | null },
  { store, ledger, persons, revocations, limits, quotas }: BindParts,
): Promise<Taken> {
  const [stored, owners] = await Promise.all([
    storedRecords(store, proved),
    storedOwners(store, proved, persons),
  ])
  const bound: Uuid[] = []
  let foreign: string | undefined
  let isNews = false
  if (connection.closed) return { bound, foreign, isNews }
  for (const record of proved) {
    const { sessionId, authorId } = record
    const kept = stored.get(sessionId)
    const known = ledger.session(sessionId) ?? kept
    if (known && !isSameOwner(known, record)) {
      connection.strike('the session is bound to another person')
      continue
    }
    const owner = persons.boundTo(authorId) ?? owners.get(authorId)
    if (owner !== undefined && owner !== person?.id) {
      foreign = person
        ? 'this author id is of another person than the login'
        : 'this author id belongs to a person, and this link has no login'
      continue
    }
    const isHeld = connection.sessions.has(sessionId)
    // A concurrent `bind` on this link may have used up the room.
    if (!isHeld && connection.sessions.size >= limits.sessionsPerLinkMax) continue
    const ended = revocations.of(keysFor(connection, record))
    const revoked = ended[0] && revokedWords(ended[0].key)
    if (ended.some(({ late }) => late === 'refused')) {
      foreign = revoked
      continue
    }
    if (!connection.speakFor(record, revoked)) {
      foreign = 'this person has too many sessions here'
      continue
    }
    ledger.bind(record, kept !== undefined && hasKey(kept))
    if (!isHeld) ledger.hold(sessionId)
    if (person && connection.speaksAs(authorId)) {
      isNews ||= owner === undefined
      persons.hold(authorId, person.id)
    }
    const isKept = keeps && ledger.mayKeep(sessionId) && !isOverQuota(connection, record, quotas)
    if (isKept) ledger.keep(sessionId)
    // The session was written without a login. This link has its key and a login, so the author id is
    // that person's.
    if (person && (isKept || isAnonymous(record.personalId)) && !owners.has(authorId))
      persons.claim(authorId, person.id)
    bound.push(sessionId)
  }
  return { bound, foreign, isNews }
}

/** A session that is stored counts as a message. */
function isOverQuota(
  connection: Connection,
  { sessionId, authorId }: SessionRecord,
  quotas: Quotas,
): boolean {
  const holder = connection.holderOf(sessionId)
  const size = { messages: 1, bytes: NO_BYTES }
  return holder === undefined || quotas.offered(holder.key, size, authorId) !== undefined
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

/** The stored persons of the authors of sessions. */
async function storedOwners(
  store: SpaceStore,
  sessions: readonly SessionRecord[],
  persons: Persons,
): Promise<ReadonlyMap<Uuid, string>> {
  const ids = [...new Set(sessions.map(({ authorId }) => authorId))]
  const owners = new Map<Uuid, string>()
  for (const [i, stored] of (await store.authors(ids)).entries()) {
    const id = ids[i]!
    const person = stored && textOf(stored, `the stored person of author ${id}`)
    if (person !== undefined) owners.set(id, person)
    persons.loaded(id, person) // the decision on its first message needs it
  }
  return owners
}

/** Sends all author ids of a person to the other links of that person, after a new one was bound. */
async function tellOthers(connection: Connection, person: Person, parts: BindParts): Promise<void> {
  const others = [...parts.connections].filter(
    (other) =>
      other !== connection && other.person?.id === person.id && other.revoked === undefined,
  )
  for (const other of others) other.send(await meFrame(other, person, parts))
}

/** All author ids of the person, for one of their links. */
async function meFrame(
  { nonce }: Connection,
  { id }: Person,
  { store, persons, limits, signMe }: BindParts,
): Promise<string> {
  const stored = await store.authorsOf(id, limits.authorsToldMax)
  const ids = new Set([...persons.boundOf(id), ...stored.map(({ authorId }) => authorId)])
  const authorIds = [...ids].slice(0, limits.authorsToldMax).sort()
  return reviewerFrame('me', { authorIds, sig: await signMe(nonce, authorIds) })
}
