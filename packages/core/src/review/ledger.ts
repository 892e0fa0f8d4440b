/**
 * The sessions that links have bound, and a cache of the stored verdicts by number, messages by seq
 * and rejections by id. The store keeps these for ever, so a message that is offered again after
 * years is recognised.
 *
 *   bound ──first verdict──▶ stored
 *     ├── kept: stored with the next commit, also when no link uses it any more
 *     ├── too many are idle ──▶ evicted, and bound again when needed
 *     └── no link uses it ──▶ evicted
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

/** A bound session. `personalId` is never sent: it is in no message and no log. */
export interface SessionRecord {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly publicKey: string
  readonly personalCommit: Hash
  readonly personalId: string
}

/** Whether a session was bound, so that its seals can be checked. Its messages alone do not have its key. */
export function hasKey({ publicKey }: SessionRecord): boolean {
  return publicKey !== ''
}

/** The verdict on a number of a session. */
export type NumberVerdict =
  | { readonly kind: 'accepted'; readonly seq: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unknown' }

/** The answer to an accepted message that is offered again. */
export interface KnownMessage {
  readonly id: Uuid
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly forked: boolean
}

export type LedgerLimits = Pick<Limits, 'idleSessionsMax'>
export type LedgerCaches = Omit<Caches, 'states' | 'authors'>

/** Sessions that are stored with the next commit, before their first verdict. */
const KEPT_MAX = 1_024

interface Session {
  record: SessionRecord | undefined
  isStored: boolean
  /** The number of links that use it. */
  links: number
}

export class Ledger {
  readonly #space: Uuid
  readonly #limits: LedgerLimits
  readonly #caches: LedgerCaches
  readonly #sessions = new Map<Uuid, Session>()
  /** Sessions that the store does not have, oldest first. */
  readonly #idle = new Set<Uuid>()
  /** Those of them that are stored with the next commit. */
  readonly #kept = new Set<Uuid>()
  /** Kept ones that no link uses any more, oldest first. */
  readonly #left = new Set<Uuid>()
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

  /** The number of sessions that links use. */
  get sessions(): number {
    return this.#sessions.size - this.#left.size
  }

  session(sessionId: Uuid): SessionRecord | undefined {
    return this.#sessions.get(sessionId)?.record
  }

  /** Adds a proved session. Evicts the oldest sessions without a verdict when there are too many. */
  bind(record: SessionRecord, isStored: boolean): void {
    const session = this.#of(record.sessionId)
    session.record ??= record
    session.isStored ||= isStored
    if (!session.isStored) this.#idle.add(record.sessionId)
    while (this.#idle.size > this.#limits.idleSessionsMax) {
      const [oldest] = this.#left.size > 0 ? this.#left : this.#idle
      assert(oldest !== undefined, 'a session that is left is idle')
      this.#delete(oldest)
    }
  }

  /** Whether the session, which is bound, is to be stored with the next commit, and can be. */
  mayKeep(sessionId: Uuid): boolean {
    const mayAdd = this.#kept.size < KEPT_MAX || this.#left.size > 0
    return mayAdd && this.#idle.has(sessionId) && !this.#kept.has(sessionId)
  }

  /** Stores the session with the next commit. */
  keep(sessionId: Uuid): void {
    assert(this.mayKeep(sessionId), 'a session that is kept is bound, and not stored')
    if (this.#kept.size >= KEPT_MAX)
      for (const oldest of [...this.#left].slice(0, 1)) this.#delete(oldest)
    this.#kept.add(sessionId)
  }

  /** The sessions that are stored with the next commit, whatever it decides. */
  kept(): SessionRecord[] {
    return [...this.#kept].flatMap((sessionId) => this.session(sessionId) ?? [])
  }

  /** Called when a link starts to use the session. */
  hold(sessionId: Uuid): void {
    const session = this.#sessions.get(sessionId)
    if (!session) return
    session.links++
    this.#left.delete(sessionId)
  }

  /** Called when a link has ended. Evicts the session from memory when it was the last one, and it is not kept. */
  release(sessionId: Uuid): void {
    const session = this.#sessions.get(sessionId)
    if (!session) return
    session.links--
    if (session.links > 0) return
    if (this.#kept.has(sessionId)) this.#left.add(sessionId)
    else this.#delete(sessionId)
  }

  /** The records that the store does not have yet. */
  unstored(records: Iterable<SessionRecord>): SessionRecord[] {
    return [...records].filter(({ sessionId }) => !this.#sessions.get(sessionId)?.isStored)
  }

  /**
   * Called after a commit. The stored record wins over one bound under the same id meanwhile, unless it
   * has no key because it was returned with its messages: then the bound one is stored with the
   * next commit.
   */
  markStored(records: Iterable<SessionRecord>): void {
    for (const record of records) {
      if (!hasKey(record)) continue
      const session = this.#sessions.get(record.sessionId)
      this.#idle.delete(record.sessionId)
      this.#kept.delete(record.sessionId)
      if (!session) continue
      session.record = record
      session.isStored = true
      if (this.#left.has(record.sessionId)) this.#delete(record.sessionId)
    }
  }

  /** @throws Missing */
  verdictOn(sessionId: Uuid, clientSeq: number): NumberVerdict {
    const known = this.#numbers.get(numberName(sessionId, clientSeq))
    if (!known) throw new Missing({ kind: 'number', sessionId, clientSeq })
    return known
  }

  isKnown(sessionId: Uuid, clientSeq: number): boolean {
    return this.#numbers.has(numberName(sessionId, clientSeq))
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

  hasMessage(seq: number): boolean {
    return this.#messages.has(seq)
  }

  noteMessage(seq: number, message: KnownMessage): void {
    assert(seq > 0, 'seqs of messages begin with 1')
    this.#messages.set(seq, message)
  }

  /** The rejection of a message; undefined where the store has none. @throws Missing */
  rejection(id: Uuid): Rejection | undefined {
    const known = this.#rejections.get(id)
    if (known === undefined) throw new Missing({ kind: 'rejection', id })
    return known === 'none' ? undefined : known
  }

  noteRejection(id: Uuid, rejection: Rejection | undefined): void {
    this.#rejections.set(id, rejection ?? 'none')
  }

  /** Evicts items down to the budgets, here and in the other spaces that share them. */
  trim(): void {
    this.#caches.numbers.trim()
    this.#caches.messages.trim()
    this.#caches.rejections.trim()
  }

  /** Called when the space is closed: frees its shares of the budgets. */
  leave(): void {
    this.#numbers.leave()
    this.#messages.leave()
    this.#rejections.leave()
  }

  /** Clears cached verdicts, because another process has written to the store. */
  forgetVerdicts(): void {
    this.#numbers.clear()
    this.#messages.clear()
    this.#rejections.clear()
  }

  /** Whether the id was minted by that session of the author. */
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
    this.#left.delete(sessionId)
    this.#kept.delete(sessionId)
  }
}
