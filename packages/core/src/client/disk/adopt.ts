/**
 * The outbox of a session that has ended, taken over by this one: its messages are shown as
 * pending again, and offered as they were sealed. Ids make it harmless when two tabs do so.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { SessionRef } from '../../history/entry.ts'
import { grantBytes, personalCommit, whoamiId } from '../../facts/whoami.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import { numberName } from '../../history/names.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { Accepted, Outbox } from '../../sync/outbox.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Signer } from '../../ports/signer.ts'
import type { StoredState } from '../../ports/storage.ts'
import type { PendingIntake } from '../outbox/pending-intake.ts'
import { type StoredFlush, readRejections } from './restore.ts'
import { type DamagedRecord, storedOpenings } from './sound-state.ts'
import type { SessionLocks } from '../identity/session-locks.ts'

export interface Adoption {
  readonly repo: Repo
  readonly outbox: Outbox
  /** Whether the message was refused, or stands on one that was. */
  readonly isRefused: (id: Uuid) => boolean
  /** Hears of entities that were minted in a session before the one that created them. */
  readonly mintedIn: (entityId: Uuid, sessionId: Uuid) => void
  readonly intake: PendingIntake
  /** What is to be known of a message that was accepted in an earlier session. */
  readonly acceptedBefore: (clientSeq: number) => Accepted
}

/** A stored flush of a session that nobody else looks after. */
export interface EndedFlush {
  readonly flush: StoredFlush
  /** undefined: its key, or the record of it that its author signed, is not left, so nobody can send it. */
  readonly opening: SessionOpening | undefined
}

/** What it takes to look after sessions of this device. */
export interface SessionParts {
  readonly locks: SessionLocks
  readonly space: Uuid
  readonly signer: Signer
  /** Whether the key of that author is left: without it, no link can be given proof of a session. */
  readonly hasKeys: (authorId: Uuid) => boolean
}

/** Whether its messages wait and cannot be sent: they are kept for the app to write again. */
export function isLost({ flush, opening }: EndedFlush): boolean {
  return flush.open && (flush.isDamaged === true || opening === undefined)
}

/**
 * Flushes of sessions that are over and still have something to be said of: messages without a
 * verdict, or refused ones. Their locks are taken, so that no other tab does the same.
 */
export async function endedSessions(
  state: StoredState,
  flushes: readonly StoredFlush[],
  { locks, ...own }: SessionParts,
): Promise<readonly EndedFlush[]> {
  const rejections = readRejections(state)
  const hasMore = new Set(
    flushes
      .filter(({ open, messages }) => open || messages.some(({ id }) => rejections.has(id)))
      .map(sessionOf),
  )
  // Asked once a session: one that ends in between must not be taken over from its middle.
  const held = new Map<Uuid, SessionOpening | undefined>()
  for (const sessionId of hasMore) {
    if (!(await locks.hold(sessionId))) continue
    // A damaged record may name its session wrongly: what it commits to counts last.
    const ofSession = flushes.filter((flush) => sessionOf(flush) === sessionId)
    // The session was named by one of these flushes, and a flush has a message.
    const first = ofSession.find((flush) => !flush.isDamaged) ?? ofSession[0]!
    held.set(sessionId, await openingOf(firstOf(first), state, own))
  }
  return flushes.flatMap((flush) => {
    const sessionId = sessionOf(flush)
    return held.has(sessionId) ? [{ flush, opening: held.get(sessionId) }] : []
  })
}

/** The stored opening that the message commits to and its author signed, if one is left. */
async function openingOf(
  { session }: AuthoredMessage,
  state: StoredState,
  { space, signer, hasKeys }: Omit<SessionParts, 'locks'>,
): Promise<SessionOpening | undefined> {
  const { sessionId, authorId, personalCommit: commit } = session.facts
  if (!hasKeys(authorId)) return undefined
  for (const opening of storedOpenings(state)) {
    const { publicKey, personalId, salt, sig } = opening
    if (opening.sessionId !== sessionId || opening.authorId !== authorId) continue
    if (personalCommit(space, personalId, salt) !== commit) continue
    const bytes = grantBytes(space, authorId, { sessionId, commit })
    if (whoamiId(publicKey) === authorId && (await signer.verify(publicKey, bytes, sig)))
      return opening
  }
  return undefined
}

/** By the first message of the flush, which may be wrong in a damaged one. */
export function isOfSession(flush: StoredFlush, sessionId: Uuid): boolean {
  return sessionOf(flush) === sessionId
}

function sessionOf({ messages }: StoredFlush): Uuid {
  return firstOf({ messages }).session.facts.sessionId
}

function firstOf({ messages }: Pick<StoredFlush, 'messages'>): StoredFlush['messages'][number] {
  return messages[0]! // a flush without messages is not read
}

/** A report for each session that has messages to send and no sound opening. */
export function lostSessions(
  ended: readonly EndedFlush[],
  isDismissed: (id: Uuid) => boolean,
): readonly DamagedRecord[] {
  const lost = new Map<Uuid, Uuid[]>()
  for (const { flush, opening } of ended) {
    if (!flush.open || opening || flush.isDamaged) continue
    const ids = flush.messages.map(({ id }) => id)
    lost.set(sessionOf(flush), [...(lost.get(sessionOf(flush)) ?? []), ...ids])
  }
  return [...lost].flatMap(([sessionId, messageIds]) => {
    if (messageIds.every(isDismissed)) return []
    const detail = `the record or the key of session ${sessionId} is damaged or missing; its messages cannot be sent as they are`
    return [{ key: `session:${sessionId}`, kind: 'session', detail, messageIds, text: undefined }]
  })
}

/** Takes over what waits for verdicts; `settled` are flushes of which nothing does. */
export function adoptFlushes(
  ended: readonly EndedFlush[],
  adoption: Adoption,
): { readonly adopted: readonly SessionOpening[]; readonly settled: readonly string[] } {
  const adopted: SessionOpening[] = []
  const settled: string[] = []
  for (const { flush, opening } of ended) {
    for (const { entityId, sid } of flush.messages.flatMap(({ changes }) => changes))
      if (sid !== undefined) adoption.mintedIn(entityId, sid)
    if (!flush.open || !opening || flush.isDamaged) continue
    if (adoptFlush(flush, opening, adoption)) adopted.push(opening)
    else settled.push(flush.key)
  }
  return { adopted, settled }
}

/** Whether anything of the flush still waits for a verdict. */
function adoptFlush(stored: StoredFlush, opening: SessionOpening, adoption: Adoption): boolean {
  const session: SessionRef = { authorId: opening.authorId, sessionId: opening.sessionId }
  const { repo, isRefused, intake } = adoption
  const accepted = stored.messages
    .filter((message) => repo.messages.hasAccepted(message))
    .map(({ clientSeq }) => adoption.acceptedBefore(clientSeq))
  const entries = stored.messages.flatMap((message, i) => {
    if (repo.messages.hasAccepted(message) || isRefused(message.id)) return []
    const taken = { message, session, bases: stored.bases[i] }
    // Of one that is reopened there is mostly a verdict, and it must not show as pending beside what followed.
    return [stored.isReopened ? intake.takeUnseen(taken) : intake.take(taken)]
  })
  if (entries.length === 0) return false
  const { key, text, sig } = stored
  const flush = { key, entries, text, sig, sessionId: opening.sessionId }
  adoption.outbox.addFlush(flush, entries, accepted)
  adoption.outbox.release(flush, 'queued')
  return true
}

/** Own messages as storage kept them, by the names their author gave them. */
export class StoredOwn {
  readonly #messages = new Map<string, AuthoredMessage>()
  readonly #byId = new Map<Uuid, AuthoredMessage>()
  /** Of flushes that wait for verdicts. */
  readonly #waiting = new Set<AuthoredMessage>()

  add({ messages, open }: StoredFlush): void {
    for (const message of messages) {
      this.#messages.set(numberName(message.session.facts.sessionId, message.clientSeq), message)
      this.#byId.set(message.id, message)
      if (open) this.#waiting.add(message)
    }
  }

  /** Whether nothing in the storage says that it has its verdict. */
  isWaiting(message: AuthoredMessage): boolean {
    return this.#waiting.has(message)
  }

  get(sessionId: Uuid, clientSeq: number): AuthoredMessage | undefined {
    return this.#messages.get(numberName(sessionId, clientSeq))
  }

  byId(id: Uuid): AuthoredMessage | undefined {
    return this.#byId.get(id)
  }

  /** Forgets those that are not needed any more. */
  keep(needed: (message: AuthoredMessage) => boolean): void {
    for (const [name, message] of this.#messages) {
      if (needed(message)) continue
      this.#messages.delete(name)
      this.#byId.delete(message.id)
      this.#waiting.delete(message)
    }
  }
}
