/**
 * Adopts the outbox of an ended session: its messages are pending in this session, and sent as they
 * were sealed. Harmless when two tabs do it, because messages are deduplicated by id.
 */
import { utf8Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { SessionRef } from '../../history/entry.ts'
import { grantBytes, personalCommit, whoamiId } from '../../facts/whoami.ts'
import type { AuthoredMessage } from '../../facts/types.ts'
import { numberName } from '../../history/names.ts'
import type { SessionOpening } from '../../facts/message.ts'
import type { AcceptedNumber, Outbox, SettledFlush } from '../../sync/outbox.ts'
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
  /** Whether the message was rejected, or depends on a rejected one. */
  readonly isRefused: (id: Uuid) => boolean
  /** Called with each entity whose id was minted in an earlier session than the one that created it. */
  readonly mintedIn: (entityId: Uuid, sessionId: Uuid) => void
  readonly intake: PendingIntake
  /** The record of a message that was accepted in an earlier session. */
  readonly acceptedBefore: (clientSeq: number) => AcceptedNumber
}

/** A stored flush of an ended session whose lock is held here. */
export interface EndedFlush {
  readonly flush: StoredFlush
  /** undefined: the session's key or its signed opening is missing, so the flush cannot be sent. */
  readonly opening: SessionOpening | undefined
}

/** What adopting sessions of this device needs. */
export interface AdoptingParts {
  readonly locks: SessionLocks
  readonly space: Uuid
  readonly signer: Signer
  /** Whether the author's key is stored: without it, no session can be proved to a reviewer. */
  readonly hasKeys: (authorId: Uuid) => boolean
}

/** Whether its messages are open and cannot be sent: the app can write them again. */
export function isLost({ flush, opening }: EndedFlush): boolean {
  return flush.open && (flush.isDamaged === true || opening === undefined)
}

/**
 * Flushes of ended sessions that have messages without a verdict, or rejected ones. Acquires the
 * locks of these sessions, so that no other tab adopts them.
 */
export async function endedSessions(
  state: StoredState,
  flushes: readonly StoredFlush[],
  { locks, ...own }: AdoptingParts,
): Promise<readonly EndedFlush[]> {
  const rejections = readRejections(state)
  const hasMore = new Set(
    flushes
      .filter(({ open, messages }) => open || messages.some(({ id }) => rejections.has(id)))
      .map(sessionOf),
  )
  // Each lock is tried once: a session that ends meanwhile must not be adopted from its middle.
  const held = new Map<Uuid, SessionOpening | undefined>()
  for (const sessionId of hasMore) {
    if (!(await locks.hold(sessionId))) continue
    // A damaged record may name a wrong session, so a sound one is preferred.
    const ofSession = flushes.filter((flush) => sessionOf(flush) === sessionId)
    // Not empty: the session id comes from one of these flushes.
    const first = ofSession.find((flush) => !flush.isDamaged) ?? ofSession[0]!
    held.set(sessionId, await openingOf(firstOf(first), state, own))
  }
  return flushes.flatMap((flush) => {
    const sessionId = sessionOf(flush)
    return held.has(sessionId) ? [{ flush, opening: held.get(sessionId) }] : []
  })
}

/** The stored opening that the message commits to and its author signed, if there is one. */
async function openingOf(
  { session }: AuthoredMessage,
  state: StoredState,
  { space, signer, hasKeys }: Omit<AdoptingParts, 'locks'>,
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

/** Whether the first message of the flush is of that session; may be wrong for a damaged flush. */
export function isOfSession(flush: StoredFlush, sessionId: Uuid): boolean {
  return sessionOf(flush) === sessionId
}

function sessionOf({ messages }: StoredFlush): Uuid {
  return firstOf({ messages }).session.facts.sessionId
}

function firstOf({ messages }: Pick<StoredFlush, 'messages'>): StoredFlush['messages'][number] {
  return messages[0]! // `readFlushes` returns no flush without messages
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

/** Adopts the open messages of flushes; `settled` are the flushes without open messages. */
export function adoptFlushes(
  ended: readonly EndedFlush[],
  adoption: Adoption,
): { readonly adopted: readonly SessionOpening[]; readonly settled: readonly SettledFlush[] } {
  const adopted: SessionOpening[] = []
  const settled: SettledFlush[] = []
  for (const { flush, opening } of ended) {
    for (const { entityId, sid } of flush.messages.flatMap(({ changes }) => changes))
      if (sid !== undefined) adoption.mintedIn(entityId, sid)
    if (!flush.open || !opening || flush.isDamaged) continue
    if (adoptFlush(flush, opening, adoption)) adopted.push(opening)
    else settled.push(settledFlush(flush, opening, adoption))
  }
  return { adopted, settled }
}

/** Adopts one flush. Returns whether it has messages without a verdict. */
function adoptFlush(stored: StoredFlush, opening: SessionOpening, adoption: Adoption): boolean {
  const session: SessionRef = { authorId: opening.authorId, sessionId: opening.sessionId }
  const { repo, isRefused, intake } = adoption
  const contained = stored.messages.filter((message) => repo.messages.hasAccepted(message))
  const accepted = contained.map(({ clientSeq }) => adoption.acceptedBefore(clientSeq))
  // Shown while another tab was to send it.
  intake.outdated(contained.flatMap(({ id }) => repo.messages.get(id) ?? intake.unseen(id) ?? []))
  const entries = stored.messages.flatMap((message, i) => {
    if (repo.messages.hasAccepted(message) || isRefused(message.id)) return []
    const taken = { message, session, bases: stored.bases[i] }
    // A reopened message usually has a verdict, so it is sent again but never shown as pending.
    return [stored.isReopened ? intake.takeUnseen(taken) : intake.take(taken)]
  })
  if (entries.length === 0) return false
  const { key, text, sig } = stored
  const refused = stored.messages.flatMap(({ id }) => (isRefused(id) ? [id] : []))
  const flush = { key, entries, text, sig, sessionId: opening.sessionId, refused }
  adoption.outbox.addFlush(flush, entries, accepted)
  adoption.outbox.release(flush, 'queued')
  return true
}

/** What became of a flush without open messages. */
function settledFlush(
  { key, messages, text }: StoredFlush,
  { sessionId }: SessionOpening,
  { repo, isRefused }: Adoption,
): SettledFlush {
  const accepted = messages.filter((one) => repo.messages.hasAccepted(one))
  return {
    ...{ key, sessionId, bytes: utf8Bytes(text) },
    accepted: accepted.map(({ clientSeq }) => clientSeq),
    isAccepted: accepted.length === messages.length && !messages.some(({ id }) => isRefused(id)),
  }
}

/** Own messages as stored, by session and number, and by id. */
export class StoredOwn {
  readonly #messages = new Map<string, AuthoredMessage>()
  readonly #byId = new Map<Uuid, AuthoredMessage>()
  /** Messages of flushes in the stored outbox. */
  readonly #waiting = new Set<AuthoredMessage>()

  add({ messages, open }: StoredFlush): void {
    for (const message of messages) {
      this.#messages.set(numberName(message.session.facts.sessionId, message.clientSeq), message)
      this.#byId.set(message.id, message)
      if (open) this.#waiting.add(message)
    }
  }

  /** Whether the storage has no verdict on the message. */
  isWaiting(message: AuthoredMessage): boolean {
    return this.#waiting.has(message)
  }

  get(sessionId: Uuid, clientSeq: number): AuthoredMessage | undefined {
    return this.#messages.get(numberName(sessionId, clientSeq))
  }

  byId(id: Uuid): AuthoredMessage | undefined {
    return this.#byId.get(id)
  }

  /** Removes messages that are not needed any more. */
  keep(needed: (message: AuthoredMessage) => boolean): void {
    for (const [name, message] of this.#messages) {
      if (needed(message)) continue
      this.#messages.delete(name)
      this.#byId.delete(message.id)
      this.#waiting.delete(message)
    }
  }
}
