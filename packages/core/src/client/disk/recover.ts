/**
 * From the sound records of a storage to the flushes of own messages that may be built on, and to
 * those damaged records that matter: what the reviewer has long had needs no record any more.
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
import { type DamagedRecord, type SoundState, sessionOfKey } from './sound-state.ts'

export interface Recovered {
  readonly state: StoredState
  /** In the order in which they were stored, damaged ones first. */
  readonly flushes: readonly StoredFlush[]
  readonly damaged: readonly DamagedRecord[]
  /** Own messages that nothing is left of but their ids. */
  readonly gone: readonly GoneMessage[]
}

interface Place {
  readonly reading: OwnReading
  readonly locks: SessionLocks
  /** This session's messages are in memory. */
  readonly sessionId: Uuid
}

/** What the storage kept of own messages, sorted into what can go on and what is damaged. */
export async function recovered(sound: SoundState, place: Place): Promise<Recovered> {
  const { state } = sound
  const read = readFlushes(state, place.reading)
  const damagedSegments = [...sound.damaged, ...read.corrupt.map(unreadable)]
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
    ...read.flushes.map((flush) => reopened(flush, damaged)),
  ]
  const gone = lost
    .flatMap(({ record }) => goneOf(record))
    .filter(({ id }) => id !== undefined && !kept.has(id))
  return { state, flushes, damaged, gone: [...gone, ...lostDrafts(flushes, all.flatMap(goneOf))] }
}

/**
 * Own messages that others stand on and no record holds: drafts that were lost before they were
 * sealed. Own records are stored in their order and never deleted, so there is no other reason.
 */
function lostDrafts(
  flushes: readonly StoredFlush[],
  damaged: readonly GoneMessage[],
): readonly GoneMessage[] {
  const messages = flushes.flatMap((flush) => flush.messages)
  const known = new Set([
    ...messages.map(({ session, clientSeq }) => numberName(session.facts.sessionId, clientSeq)),
    ...damaged.map(({ name }) => name),
  ])
  const named = messages.flatMap(({ session, changes }) =>
    changes.flatMap(({ parents }) =>
      parents.own.map((clientSeq) => numberName(session.facts.sessionId, clientSeq)),
    ),
  )
  return [...new Set(named)].flatMap((name) => (known.has(name) ? [] : [{ id: undefined, name }]))
}

/** The numbers of the messages of one flush follow each other. */
function goneOf({ key, messageIds }: DamagedRecord): readonly GoneMessage[] {
  const sessionId = sessionOfKey(key)
  const first = Number(key.slice(key.lastIndexOf(':') + 1))
  return messageIds.map((id, i) => ({ id, name: sessionId && numberName(sessionId, first + i) }))
}

interface Bookkeeping {
  readonly open: ReadonlySet<string>
  /** The outbox names a record that is not there, so it cannot tell which are done with. */
  readonly hasStray: boolean
  readonly isRejected: (id: Uuid) => boolean
  readonly isDismissed: (id: Uuid) => boolean
}

function bookkeepingOf(state: StoredState, all: readonly DamagedRecord[]): Bookkeeping {
  const rejections = readRejections(state)
  return {
    open: new Set(state.outbox),
    hasStray: all.some(({ kind }) => kind === 'outbox'),
    isRejected: (id) => rejections.has(id),
    isDismissed: (id) => state.meta.has(DISMISSED + id),
  }
}

/** Whether the app, or the reviewer, still has something to do with what it held. */
function isOwed({ key, kind, messageIds }: DamagedRecord, book: Bookkeeping): boolean {
  if (kind === 'session') return false // its copy may do; what has none is found at its messages
  if (kind !== 'messages' && kind !== 'verdicts') return true
  if (messageIds.length > 0 && messageIds.every(book.isDismissed)) return false
  if (kind === 'verdicts') return messageIds.length === 0 || !messageIds.every(book.isRejected)
  const isSettled = sessionOfKey(key) !== undefined && !key.startsWith('draft:')
  return !isSettled || book.hasStray || book.open.has(key) || messageIds.some(book.isRejected)
}

/** Whether its session has ended, as far as that can be told. */
async function isOver({ key }: DamagedRecord, { locks, sessionId }: Place): Promise<boolean> {
  const session = sessionOfKey(key)
  return session === undefined || (session !== sessionId && (await locks.hold(session)))
}

function unreadable({ key, ids, text }: StoredSegment): DamagedRecord {
  const detail = `${key}: its text is no list of messages; own messages in it cannot be sent as they are`
  return { key, kind: 'messages', detail, messageIds: ids, text }
}

/** Refused messages whose own record is gone: nothing but the verdict is left to show. */
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
    const detail = `message ${msgId} was refused (${reason}), and what it wanted is not in the storage`
    return [
      { key: `message:${msgId}`, kind: 'messages', detail, messageIds: [msgId], text: undefined },
    ]
  })
}

/** Drafts that could not be sealed after their session had ended: a key or an opening is missing. */
function leftDrafts({ segments }: StoredState): readonly DamagedRecord[] {
  return segments.flatMap(({ kind, key, text }) => {
    // One without a person waits for this store to have one.
    if (kind !== 'draft' || readRecord(text)?.personalCommit === UNBOUND) return []
    const detail = `${key}: the key or the record of its session is damaged or missing; own messages in it cannot be sealed`
    return [{ key, kind: 'messages', detail, messageIds: [], text }]
  })
}

/** What says that it is done with is damaged: to offer it once more is harmless. */
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

/** What the app has dealt with in earlier lives. */
export function dismissedKeys({ meta }: StoredState): readonly string[] {
  return [...meta.keys()].flatMap((key) =>
    key.startsWith(DISMISSED) ? [key.slice(DISMISSED.length)] : [],
  )
}
