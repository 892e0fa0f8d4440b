/**
 * Which sessions there are, whose they are, and which of their numbers have been answered.
 * Exact for what was accepted: it outlives compaction, so a replay after years is recognised.
 *
 *   bound ──first verdict──▶ stored ──last rejection forgotten, nothing accepted──▶ bound
 *     └── no link speaks for it, or too many are idle ──▶ gone, and bound again when needed
 *
 * Everything that a stranger can add without writing anything has a bound here: sessions without
 * a verdict, and rejections, by number and bytes, of which the oldest are forgotten first.
 */
import type { Hash } from '../base/hash.ts'
import { type Bytes, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { EntityIds } from '../message/ids.ts'
import type { Limits } from '../message/limits.ts'
import type { Rejection } from '../message/message.ts'
import { IntervalSet } from '../base/intervals.ts'

/** A bound session. `personalId` stays here: it is in no message and no log. */
export interface SessionRecord {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly publicKey: string
  readonly personalCommit: Hash
  readonly personalId: string
}

/** A session as it is stored. `refused`: numbers whose rejections are forgotten, and maybe others that were refused. */
export interface StoredRecord extends SessionRecord {
  readonly refused?: readonly (readonly [number, number])[]
}

/** What a batch decided of one session. */
export interface SessionVerdicts {
  readonly accepted: number
  readonly refused: readonly Rejection[]
}

/** What leaves the ledger and the store with a commit, so that its new rejections have room. */
export interface Outdated {
  readonly rejections: readonly Uuid[]
  /** Sessions that stay, with the numbers that must not be forgotten. */
  readonly kept: readonly StoredRecord[]
  /** Sessions of which nothing is kept. */
  readonly dropped: readonly Uuid[]
}

export type LedgerLimits = Pick<
  Limits,
  'idleSessionsMax' | 'rejectionsMax' | 'rejectionBytesMax' | 'rejectionsPerSessionMax'
>

/** Stretches of refused numbers that a session keeps; of more, the gap between the oldest two counts as refused. */
const REFUSED_STRETCHES_MAX = 256

class Numbers {
  readonly accepted = new IntervalSet()
  readonly refused = new IntervalSet()
  /** Ids of the rejections that are kept, oldest first. */
  readonly rejections = new Set<Uuid>()
}

interface Session {
  record: SessionRecord | undefined
  isStored: boolean
  /** Links that speak for it. */
  links: number
  /** Absent until the first verdict. */
  numbers: Numbers | undefined
}

interface Kept {
  readonly rejection: Rejection
  readonly sessionId: Uuid
  readonly bytes: Bytes
}

export class Ledger {
  readonly #space: Uuid
  readonly #limits: LedgerLimits
  readonly #sessions = new Map<Uuid, Session>()
  /** Sessions without a verdict, oldest first. */
  readonly #idle = new Set<Uuid>()
  /** Oldest first. */
  readonly #rejections = new Map<Uuid, Kept>()
  #rejectionBytes = 0
  readonly #entityIds = new Map<string, EntityIds>()

  constructor(space: Uuid, limits: LedgerLimits) {
    this.#space = space
    this.#limits = limits
  }

  /** Sessions that are held in memory. */
  get sessions(): number {
    return this.#sessions.size
  }

  get rejections(): number {
    return this.#rejections.size
  }

  session(sessionId: Uuid): SessionRecord | undefined {
    return this.#sessions.get(sessionId)?.record
  }

  /** Notes a session that was proved. Of too many without a verdict the oldest has to bind again. */
  bind(record: SessionRecord): void {
    const session = this.#of(record.sessionId)
    session.record ??= record
    if (!session.numbers) this.#idle.add(record.sessionId)
    for (const oldest of this.#idle) {
      if (this.#idle.size <= this.#limits.idleSessionsMax) break
      this.#delete(oldest)
    }
  }

  /** A link speaks for the session from now on. */
  hold(sessionId: Uuid): void {
    const session = this.#sessions.get(sessionId)
    if (session) session.links++
  }

  /** That link has ended. A session without a verdict goes with its last link. */
  release(sessionId: Uuid): void {
    const session = this.#sessions.get(sessionId)
    if (!session) return
    session.links--
    if (session.links <= 0 && !session.numbers) this.#delete(sessionId)
  }

  /** Takes in a session as its store has it. */
  restore({ refused = [], ...record }: StoredRecord): void {
    const session = this.#of(record.sessionId)
    session.record = record
    session.isStored = true
    const numbers = this.#numbersOf(record.sessionId)
    for (const stretch of refused) numbers.refused.addStretch(stretch)
  }

  /** Those of these that the store does not have yet. */
  unstored(records: Iterable<SessionRecord>): SessionRecord[] {
    return [...records].filter(({ sessionId }) => !this.#sessions.get(sessionId)?.isStored)
  }

  /** What is stored counts, whatever was bound under the same id while it was written. */
  markStored(records: Iterable<SessionRecord>): void {
    for (const record of records) {
      const session = this.#of(record.sessionId)
      session.record = record
      session.isStored = true
    }
  }

  /** What became of a message of a session, as far as it has a verdict. */
  verdictOn(sessionId: Uuid, clientSeq: number): 'accepted' | 'refused' | undefined {
    const numbers = this.#sessions.get(sessionId)?.numbers
    if (numbers?.accepted.has(clientSeq)) return 'accepted'
    return numbers?.refused.has(clientSeq) ? 'refused' : undefined
  }

  accepted(sessionId: Uuid, clientSeq: number): void {
    this.#numbersOf(sessionId).accepted.add(clientSeq)
  }

  rejected(sessionId: Uuid, clientSeq: number, rejection: Rejection): void {
    const numbers = this.#numbersOf(sessionId)
    numbers.refused.add(clientSeq)
    numbers.refused.fuse(REFUSED_STRETCHES_MAX)
    numbers.rejections.add(rejection.msgId)
    this.#deleteRejection(rejection.msgId)
    const bytes = rejectionSize(rejection)
    this.#rejections.set(rejection.msgId, { rejection, sessionId, bytes })
    this.#rejectionBytes += bytes
  }

  rejection(msgId: Uuid): Rejection | undefined {
    return this.#rejections.get(msgId)?.rejection
  }

  /**
   * What a batch with these verdicts, by session, leaves no room for. Changes nothing: what is
   * outdated is forgotten once the store has forgotten it.
   */
  outdated(fresh: ReadonlyMap<Uuid, SessionVerdicts>): Outdated {
    const { rejectionsPerSessionMax, rejectionsMax, rejectionBytesMax } = this.#limits
    const gone = new Set<Uuid>()
    let count = this.#rejections.size
    let bytes = this.#rejectionBytes
    const drop = (id: Uuid): void => {
      if (gone.has(id)) return
      gone.add(id)
      count--
      bytes -= this.#rejections.get(id)!.bytes
    }
    for (const [sessionId, { refused }] of fresh) {
      count += refused.length
      for (const rejection of refused) bytes += rejectionSize(rejection)
      const kept = this.#sessions.get(sessionId)?.numbers?.rejections
      if (!kept) continue
      const room = rejectionsPerSessionMax - refused.length
      for (const id of first(kept, kept.size - room)) drop(id)
    }
    for (const id of this.#rejections.keys()) {
      if (count <= rejectionsMax && bytes <= rejectionBytesMax) break
      drop(id)
    }
    return { rejections: [...gone], ...this.#leftBy(gone, fresh) }
  }

  #leftBy(
    gone: ReadonlySet<Uuid>,
    fresh: ReadonlyMap<Uuid, unknown>,
  ): Pick<Outdated, 'kept' | 'dropped'> {
    const affected = new Map<Uuid, number>()
    for (const id of gone) {
      const { sessionId } = this.#rejections.get(id)!
      affected.set(sessionId, (affected.get(sessionId) ?? 0) + 1)
    }
    const kept: StoredRecord[] = []
    const dropped: Uuid[] = []
    for (const [sessionId, count] of affected) {
      const { record, numbers } = this.#sessions.get(sessionId)!
      const isNeeded =
        fresh.has(sessionId) || !numbers!.accepted.isEmpty || numbers!.rejections.size > count
      if (!isNeeded) dropped.push(sessionId)
      else if (record) kept.push({ ...record, refused: [...numbers!.refused.intervals] })
    }
    return { kept, dropped }
  }

  forget({ rejections, dropped }: Outdated): void {
    for (const id of rejections) {
      const known = this.#rejections.get(id)
      if (!known) continue
      this.#deleteRejection(id)
      this.#sessions.get(known.sessionId)?.numbers?.rejections.delete(id)
    }
    for (const sessionId of dropped) {
      const session = this.#sessions.get(sessionId)
      if (!session) continue
      session.numbers = undefined
      session.isStored = false
      if (session.links > 0 && session.record) this.#idle.add(sessionId)
      else this.#delete(sessionId)
    }
  }

  /** Whether that author's session could have minted the id. */
  minted(entityId: Uuid, authorId: Uuid, sessionId: Uuid): boolean {
    const key = authorId + sessionId
    let ids = this.#entityIds.get(key)
    if (!ids) {
      if (this.#entityIds.size > 10_000) this.#entityIds.clear()
      this.#entityIds.set(key, (ids = new EntityIds(this.#space, authorId, sessionId)))
    }
    return ids.minted(entityId)
  }

  #of(sessionId: Uuid): Session {
    let session = this.#sessions.get(sessionId)
    if (!session) {
      session = { record: undefined, isStored: false, links: 0, numbers: undefined }
      this.#sessions.set(sessionId, session)
    }
    return session
  }

  #numbersOf(sessionId: Uuid): Numbers {
    this.#idle.delete(sessionId)
    return (this.#of(sessionId).numbers ??= new Numbers())
  }

  #deleteRejection(id: Uuid): void {
    this.#rejectionBytes -= this.#rejections.get(id)?.bytes ?? 0
    this.#rejections.delete(id)
  }

  #delete(sessionId: Uuid): void {
    this.#sessions.delete(sessionId)
    this.#idle.delete(sessionId)
  }
}

function rejectionSize(rejection: Rejection): Bytes {
  return utf8Bytes(JSON.stringify(rejection))
}

function* first<T>(items: Iterable<T>, count: number): IterableIterator<T> {
  let left = count
  for (const item of items) {
    if (left-- <= 0) return
    yield item
  }
}
