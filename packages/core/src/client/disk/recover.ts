/**
 * Recovers own messages from a storage: returns readable flushes, and the damaged records that still
 * matter. A damaged record of messages that all have a verdict is ignored.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { StoredSegment, StoredState } from '../../ports/storage.ts'
import { DISMISSED, salvaged } from './damage.ts'
import { UNBOUND, readRecord } from './drafts.ts'
import { numberName } from '../../history/names.ts'
import type { OwnReading } from './own-text.ts'
import type { GoneMessage } from '../outbox/refused.ts'
import { type StoredFlush, readFlushes, readRejections } from './restore.ts'
import type { SessionLocks } from '../identity/session-locks.ts'
import { settledIn } from './settled-numbers.ts'
import { type DamagedRecord, type SoundState, sessionOfKey } from './sound-state.ts'

export interface Recovered {
  readonly state: StoredState
  /** In the order in which they were stored, salvaged ones first. */
  readonly flushes: readonly StoredFlush[]
  readonly damaged: readonly DamagedRecord[]
  /** Own messages whose content is lost. */
  readonly gone: readonly GoneMessage[]
}

interface Place {
  readonly reading: OwnReading
  readonly locks: SessionLocks
  /** This session, whose messages are in memory. */
  readonly sessionId: Uuid
}

/** Sorts the stored own messages into readable flushes, damaged records and lost messages. */
export async function recovered(sound: SoundState, place: Place): Promise<Recovered> {
  const { state } = sound
  const read = readFlushes(state, place.reading)
  const damagedSegments = [...sound.damaged, ...read.unreadable.map(unreadable)]
  const all = [...damagedSegments, ...bodiless(state, read.flushes, damagedSegments)]
  const damaged: DamagedRecord[] = []
  const bookkeeping = bookkeepingOf(state, all)
  for (const record of [...all, ...leftDrafts(state)]) {
    if (!isOwed(record, bookkeeping)) continue
    if (record.kind === 'messages' && !(await isOver(record, place))) continue
    damaged.push(record)
  }
  const lost = damaged
    .filter(({ kind }) => kind === 'messages')
    .map((record) => ({ record, flush: salvaged(record, place.reading) }))
  const kept = new Set(lost.flatMap(({ flush }) => flush.messages.map(({ id }) => id)))
  const flushes = [
    ...lost.flatMap(({ flush }) => (flush.messages.length > 0 ? [flush] : [])),
    ...read.flushes.map((flush) =>
      state.settled.has(flush.key) ? flush : reopened(flush, damaged),
    ),
  ]
  const gone = lost
    .flatMap(({ record }) => goneOf(record))
    .filter(({ id }) => id !== undefined && !kept.has(id))
  const lostOnes = lostDrafts(flushes, all.flatMap(goneOf), settledIn(state))
  return { state, flushes, damaged, gone: [...gone, ...lostOnes] }
}

/**
 * Own messages that others depend on and that no record has: drafts that were lost before they were
 * sealed. Own records are stored in order, and of those that were deleted the numbers are kept (DSK4), so
 * there is no other cause.
 */
function lostDrafts(
  flushes: readonly StoredFlush[],
  damaged: readonly GoneMessage[],
  isSettled: (sessionId: Uuid, clientSeq: number) => boolean,
): readonly GoneMessage[] {
  const messages = flushes.flatMap((flush) => flush.messages)
  const known = new Set([
    ...messages.map(({ session, clientSeq }) => numberName(session.facts.sessionId, clientSeq)),
    ...damaged.map(({ name }) => name),
  ])
  const named = messages.flatMap(({ session, changes }) =>
    changes.flatMap(({ parents }) =>
      parents.own
        .filter((clientSeq) => !isSettled(session.facts.sessionId, clientSeq))
        .map((clientSeq) => numberName(session.facts.sessionId, clientSeq)),
    ),
  )
  return [...new Set(named)].flatMap((name) => (known.has(name) ? [] : [{ id: undefined, name }]))
}

/** The messages of a damaged record; the messages of one flush have consecutive numbers. */
function goneOf({ key, messageIds }: DamagedRecord): readonly GoneMessage[] {
  const sessionId = sessionOfKey(key)
  const first = Number(key.slice(key.lastIndexOf(':') + 1))
  return messageIds.map((id, i) => ({ id, name: sessionId && numberName(sessionId, first + i) }))
}

interface Bookkeeping {
  readonly open: ReadonlySet<string>
  /** The outbox lists a missing record, so a flush that it does not list is not proved settled. */
  readonly hasStray: boolean
  /** Whether all messages of the record were accepted. */
  readonly isAccepted: (key: string) => boolean
  readonly isRejected: (id: Uuid) => boolean
  readonly isDismissed: (id: Uuid) => boolean
}

function bookkeepingOf(state: StoredState, all: readonly DamagedRecord[]): Bookkeeping {
  const rejections = readRejections(state)
  return {
    open: new Set(state.outbox),
    hasStray: all.some(({ kind }) => kind === 'outbox'),
    isAccepted: (key) => state.settled.has(key),
    isRejected: (id) => rejections.has(id),
    isDismissed: (id) => state.meta.has(DISMISSED + id),
  }
}

/** Whether a damaged record still matters to the app or the reviewer. */
function isOwed({ key, kind, messageIds }: DamagedRecord, book: Bookkeeping): boolean {
  if (kind === 'session') return false // there is a copy; `lostSessions` reports messages without one
  if (kind !== 'messages' && kind !== 'verdicts') return true
  if (messageIds.length > 0 && messageIds.every(book.isDismissed)) return false
  if (kind === 'verdicts') return messageIds.length === 0 || !messageIds.every(book.isRejected)
  if (book.isAccepted(key)) return false
  const isSettled = sessionOfKey(key) !== undefined && !key.startsWith('draft:')
  return !isSettled || book.hasStray || book.open.has(key) || messageIds.some(book.isRejected)
}

/** Whether the session of a damaged record has ended, as far as its key shows. */
async function isOver({ key }: DamagedRecord, { locks, sessionId }: Place): Promise<boolean> {
  const session = sessionOfKey(key)
  return session === undefined || (session !== sessionId && (await locks.hold(session)))
}

function unreadable({ key, ids, text }: StoredSegment): DamagedRecord {
  const detail = `${key}: its text is not a list of messages; own messages in it cannot be sent as they are`
  return { key, kind: 'messages', detail, messageIds: ids, text }
}

/** Rejected messages whose own record is missing: only the verdict is known. */
function bodiless(
  state: StoredState,
  flushes: readonly StoredFlush[],
  damaged: readonly DamagedRecord[],
): readonly DamagedRecord[] {
  const known = new Set([
    ...flushes.flatMap(({ messages }) => messages.map(({ id }) => id)),
    ...damaged.flatMap(({ messageIds }) => messageIds),
  ])
  return [...readRejections(state).values()].flatMap(({ msgId, reason }) => {
    if (known.has(msgId) || state.meta.has(DISMISSED + msgId)) return []
    const detail = `message ${msgId} was rejected (${reason}), and its content is missing in the storage`
    return [
      { key: `message:${msgId}`, kind: 'messages', detail, messageIds: [msgId], text: undefined },
    ]
  })
}

/** Drafts of ended sessions that cannot be sealed, because a key or an opening is missing. */
function leftDrafts({ segments }: StoredState): readonly DamagedRecord[] {
  return segments.flatMap(({ kind, key, text }) => {
    // An unbound draft is sealed once this store has a personal id.
    if (kind !== 'draft' || readRecord(text)?.personalCommit === UNBOUND) return []
    const detail = `${key}: the key or the record of its session is damaged or missing; own messages in it cannot be sealed`
    return [{ key, kind: 'messages', detail, messageIds: [], text }]
  })
}

/** Reopens a settled flush whose verdicts may be damaged: sending it again is harmless. */
function reopened(flush: StoredFlush, damaged: readonly DamagedRecord[]): StoredFlush {
  if (flush.open) return flush
  const isDoubtful = damaged.some(
    ({ kind, messageIds }) =>
      kind === 'outbox' ||
      (kind === 'verdicts' &&
        (messageIds.length === 0 || flush.messages.some(({ id }) => messageIds.includes(id)))),
  )
  return isDoubtful ? { ...flush, open: true, isReopened: true } : flush
}

/** Message ids and record keys that the app has dismissed in earlier sessions. */
export function dismissedKeys({ meta }: StoredState): readonly string[] {
  return [...meta.keys()].flatMap((key) =>
    key.startsWith(DISMISSED) ? [key.slice(DISMISSED.length)] : [],
  )
}
