/**
 * Whose sessions there are, and what became of their messages: what links have bound, and a cache of
 * what the store says of numbers, messages and rejections. The store is exact for ever, so a message
 * that is offered again after years is recognised.
 *
 *   bound ──first verdict──▶ stored
 *     └── no link speaks for it, or too many are idle ──▶ gone, and bound again when needed
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import { numberName } from '../history/names.ts'
import { EntityIds } from '../facts/whoami.ts'
import type { Limits } from '../facts/limits.ts'
import type { Rejection } from '../facts/message.ts'
import type { Caches, SpaceUse } from './caches.ts'
import { Lru } from './lru.ts'
import { Missing } from './missing.ts'

/** A bound session. `personalId` stays here: it is in no message and no log. */
export interface SessionRecord {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly publicKey: string
  readonly personalCommit: Hash
  readonly personalId: string
}

/** What became of a number of a session. */
export type NumberVerdict =
  | { readonly kind: 'accepted'; readonly seq: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }

/** What is said of an accepted message that is offered again. */
export interface KnownMessage {
  readonly id: Uuid
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly forked: boolean
}

export type LedgerLimits = Pick<Limits, 'idleSessionsMax'>
export type LedgerCaches = Omit<Caches, 'states'>

interface Session {
  record: SessionRecord | undefined
  isStored: boolean
  /** Links that speak for it. */
  links: number
}

export class Ledger {
  readonly #space: Uuid
  readonly #limits: LedgerLimits
  readonly #caches: LedgerCaches
  readonly #sessions = new Map<Uuid, Session>()
  /** Sessions that the store does not have, oldest first. */
  readonly #idle = new Set<Uuid>()
  readonly #numbers: Lru<string, NumberVerdict>
  readonly #messages: Lru<number, KnownMessage>
  readonly #rejections: Lru<Uuid, Rejection | 'none'>
  readonly #entityIds = new Map<string, EntityIds>()

  constructor(
    space: Uuid,
    {
      limits,
      caches,
      use = { isHeld: false },
    }: {
      readonly limits: LedgerLimits
      readonly caches: LedgerCaches
      readonly use?: Readonly<SpaceUse>
    },
  ) {
    this.#space = space
    this.#limits = limits
    this.#caches = caches
    const isHeld = (): boolean => use.isHeld
    this.#numbers = new Lru(caches.numbers, { isHeld })
    this.#messages = new Lru(caches.messages, { isHeld })
    this.#rejections = new Lru(caches.rejections, { isHeld })
  }

  /** Sessions that are held in memory. */
  get sessions(): number {
    return this.#sessions.size
  }

  session(sessionId: Uuid): SessionRecord | undefined {
    return this.#sessions.get(sessionId)?.record
  }

  /** Notes a session that was proved. Of too many without a verdict the oldest has to bind again. */
  bind(record: SessionRecord, isStored: boolean): void {
    const session = this.#of(record.sessionId)
    session.record ??= record
    session.isStored ||= isStored
    if (!session.isStored) this.#idle.add(record.sessionId)
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

  /** That link has ended. What the store has of the session stays there. */
  release(sessionId: Uuid): void {
    const session = this.#sessions.get(sessionId)
    if (!session) return
    session.links--
    if (session.links <= 0) this.#delete(sessionId)
  }

  /** Those of these that the store does not have yet. */
  unstored(records: Iterable<SessionRecord>): SessionRecord[] {
    return [...records].filter(({ sessionId }) => !this.#sessions.get(sessionId)?.isStored)
  }

  /** What is stored counts, whatever was bound under the same id while it was written. */
  markStored(records: Iterable<SessionRecord>): void {
    for (const record of records) {
      const session = this.#sessions.get(record.sessionId)
      this.#idle.delete(record.sessionId)
      if (!session) continue
      session.record = record
      session.isStored = true
    }
  }

  /** @throws Missing */
  verdictOn(sessionId: Uuid, clientSeq: number): NumberVerdict {
    const known = this.#numbers.get(numberName(sessionId, clientSeq))
    if (!known) throw new Missing({ kind: 'number', sessionId, clientSeq })
    return known
  }

  isKnown(sessionId: Uuid, clientSeq: number): boolean {
    return this.#numbers.get(numberName(sessionId, clientSeq)) !== undefined
  }

  noteVerdict(sessionId: Uuid, clientSeq: number, verdict: NumberVerdict): void {
    assert(verdict.kind !== 'accepted' || verdict.seq > 0, 'an accepted message takes a seq')
    this.#numbers.set(numberName(sessionId, clientSeq), verdict)
  }

  /** The accepted message at a seq. @throws Missing */
  messageAt(seq: number): KnownMessage {
    const known = this.#messages.get(seq)
    if (!known) throw new Missing({ kind: 'message', seq })
    return known
  }

  noteMessage(seq: number, message: KnownMessage): void {
    assert(seq > 0, 'seqs of messages begin with 1')
    this.#messages.set(seq, message)
  }

  /** The refusal of a message, if there is one and it is not forgotten. @throws Missing */
  rejection(id: Uuid): Rejection | undefined {
    const known = this.#rejections.get(id)
    if (known === undefined) throw new Missing({ kind: 'rejection', id })
    return known === 'none' ? undefined : known
  }

  noteRejection(id: Uuid, rejection: Rejection | undefined): void {
    this.#rejections.set(id, rejection ?? 'none')
  }

  /** Forgets what the store has, down to the budgets: here, and in the other spaces that share them. */
  trim(): void {
    this.#caches.numbers.trim()
    this.#caches.messages.trim()
    this.#caches.rejections.trim()
  }

  /** The space is closed: its shares of the budgets are free. */
  leave(): void {
    this.#numbers.leave()
    this.#messages.leave()
    this.#rejections.leave()
  }

  /** Somebody else has written to the store: what it said before may have changed. */
  forgetVerdicts(): void {
    this.#numbers.clear()
    this.#messages.clear()
    this.#rejections.clear()
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
      session = { record: undefined, isStored: false, links: 0 }
      this.#sessions.set(sessionId, session)
    }
    return session
  }

  #delete(sessionId: Uuid): void {
    this.#sessions.delete(sessionId)
    this.#idle.delete(sessionId)
  }
}
