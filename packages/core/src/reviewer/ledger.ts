/**
 * Which sessions there are, whose they are, and which of their numbers have been answered.
 * Exact, and small: it outlives compaction, so a replay after years is still recognised.
 */
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { EntityIds } from '../message/ids.ts'
import type { Rejection } from '../message/message.ts'
import { IntervalSet } from './intervals.ts'

/** A bound session. `personalId` stays here: it is in no message and no log. */
export interface SessionRecord {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly publicKey: string
  readonly personalCommit: Hash
  readonly personalId: string
}

class Numbers {
  readonly accepted = new IntervalSet()
  readonly rejected = new IntervalSet()
}

export class Ledger {
  readonly #space: Uuid
  readonly #sessions = new Map<Uuid, SessionRecord>()
  readonly #stored = new Set<Uuid>()
  readonly #numbers = new Map<Uuid, Numbers>()
  readonly #rejections = new Map<Uuid, Rejection>()
  readonly #entityIds = new Map<string, EntityIds>()

  constructor(space: Uuid) {
    this.#space = space
  }

  session(sessionId: Uuid): SessionRecord | undefined {
    return this.#sessions.get(sessionId)
  }

  bind(record: SessionRecord, stored = false): void {
    this.#sessions.set(record.sessionId, record)
    if (stored) this.#stored.add(record.sessionId)
  }

  /** Sessions among these that the store does not have yet. */
  unstored(sessionIds: Iterable<Uuid>): SessionRecord[] {
    const found = new Map<Uuid, SessionRecord>()
    for (const id of sessionIds) {
      const record = this.#sessions.get(id)
      if (record && !this.#stored.has(id)) found.set(id, record)
    }
    return [...found.values()]
  }

  markStored(records: Iterable<SessionRecord>): void {
    for (const { sessionId } of records) this.#stored.add(sessionId)
  }

  isUsed(sessionId: Uuid, clientSeq: number): boolean {
    const numbers = this.#numbers.get(sessionId)
    return (
      numbers !== undefined && (numbers.accepted.has(clientSeq) || numbers.rejected.has(clientSeq))
    )
  }

  accepted(sessionId: Uuid, clientSeq: number): void {
    this.#of(sessionId).accepted.add(clientSeq)
  }

  rejected(sessionId: Uuid, clientSeq: number, rejection: Rejection): void {
    this.#of(sessionId).rejected.add(clientSeq)
    this.#rejections.set(rejection.msgId, rejection)
  }

  rejection(msgId: Uuid): Rejection | undefined {
    return this.#rejections.get(msgId)
  }

  get rejections(): number {
    return this.#rejections.size
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

  #of(sessionId: Uuid): Numbers {
    let numbers = this.#numbers.get(sessionId)
    if (!numbers) this.#numbers.set(sessionId, (numbers = new Numbers()))
    return numbers
  }
}
