/**
 * Chooses the sessions that a link binds. They are bound in parts, one part at a time: the own
 * session first, then the ended ones that still wait for verdicts, oldest first. Without waiting
 * messages, nothing is bound. Sessions beyond the maximum of one link wait for the next link. That
 * link is opened when the ended sessions of this one have their verdicts, or when each of them
 * waits for messages of others; it first binds the sessions that this link did not.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { SessionOpening } from '../facts/message.ts'
import type { ReviewerFrames } from '../wire/frames.ts'

type Nacked = Pick<ReviewerFrames['nack'], 'sessionId' | 'reason' | 'clientSeqs'>

/**
 * Number of nacks of one message for a missing parent that mean that the parent is in no bound
 * session.
 */
const STUCK_NACKS = 3

export class Binding {
  readonly #limits: Pick<Limits, 'sessionsPerBindMax' | 'sessionsPerLinkMax'>
  /** Bound or refused sessions: each takes one of the places of the link until it ends. */
  readonly #answered = new Set<Uuid>()
  /** The ones that the reviewer has evicted since: they are bound again. */
  readonly #forgotten = new Set<Uuid>()
  /**
   * The one of these that was bound last, until it has no message left that can get a verdict. The
   * reviewer has room for few sessions without a verdict, so the next one waits for that.
   */
  #rebound: Uuid | undefined
  readonly #bound = new Set<Uuid>()
  #part: readonly SessionOpening[] = []
  #askedAtMs = 0
  #isDone = false
  #isFull = false
  /** The message of a session that was nacked last for a missing parent, and how often. */
  readonly #missing = new Map<Uuid, { readonly clientSeq: number; readonly times: number }>()
  /** The number of the link over which each session was bound last, so that each gets its turn. */
  readonly #turns: Map<Uuid, number>
  readonly #turn: number

  /** `before`: the binding of the link that this one replaces. */
  constructor(limits: Pick<Limits, 'sessionsPerBindMax' | 'sessionsPerLinkMax'>, before?: Binding) {
    this.#limits = limits
    this.#turns = before ? before.#turns : new Map()
    this.#turn = before ? before.#turn + 1 : 1
  }

  /** Whether every session that this link binds is answered. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** The next part to bind; undefined while one is under way, or when there is none. */
  next(
    openings: readonly SessionOpening[],
    waits: (sessionId: Uuid) => boolean,
    nowMs: number,
  ): readonly SessionOpening[] | undefined {
    if (this.#part.length > 0) return undefined
    const isOpen = (id: Uuid): boolean => !this.#answered.has(id) || this.#forgotten.has(id)
    const open = openings.filter(
      ({ sessionId }, at) => isOpen(sessionId) && (at === 0 || waits(sessionId)),
    )
    const [own] = openings
    const turnOf = (opening: SessionOpening): number =>
      opening === own ? -1 : (this.#turns.get(opening.sessionId) ?? 0)
    const { sessionsPerBindMax, sessionsPerLinkMax } = this.#limits
    const room = Math.max(0, sessionsPerLinkMax - this.#answered.size)
    const forgotten = open.filter(({ sessionId }) => this.#forgotten.has(sessionId))
    const left = open.filter((opening) => !forgotten.includes(opening))
    left.sort((a, b) => turnOf(a) - turnOf(b))
    const isBusy = this.#rebound !== undefined && waits(this.#rebound)
    const again = isBusy ? [] : forgotten.slice(0, 1)
    if (again.length > 0) this.#rebound = again[0]?.sessionId
    this.#part = [...again, ...left.slice(0, room)].slice(0, sessionsPerBindMax)
    for (const { sessionId } of this.#part) this.#turns.set(sessionId, this.#turn)
    this.#isDone = this.#part.length === 0
    this.#isFull = this.#isDone && left.length > 0
    this.#askedAtMs = nowMs
    return this.#isDone ? undefined : this.#part
  }

  /** `oldest`: the oldest number of the session that waits for a verdict. */
  nacked({ sessionId, reason, clientSeqs }: Nacked, oldest: number | undefined): void {
    // The session is unknown to the reviewer: it is bound again.
    if (reason === 'not_bound' && this.#answered.has(sessionId)) {
      this.#forgotten.add(sessionId)
      this.#bound.delete(sessionId)
    }
    // Evicted again, or it depends on messages of another one.
    if (sessionId === this.#rebound) this.#rebound = undefined
    if (reason !== 'parent_unknown' || oldest === undefined || !clientSeqs.includes(oldest)) return
    const before = this.#missing.get(sessionId)
    const times = before?.clientSeq === oldest ? before.times + 1 : 1
    this.#missing.set(sessionId, { clientSeq: oldest, times })
  }

  /** Whether sessions wait for another link, and none of the ended ones of this link can get a verdict over it. */
  isUsedUp(openings: readonly SessionOpening[], waits: (sessionId: Uuid) => boolean): boolean {
    const isStuck = (sessionId: Uuid): boolean =>
      (this.#missing.get(sessionId)?.times ?? 0) >= STUCK_NACKS
    const isBusy = ({ sessionId }: SessionOpening): boolean =>
      (this.#bound.has(sessionId) || this.#forgotten.has(sessionId)) &&
      waits(sessionId) &&
      !isStuck(sessionId)
    // A link that can bind only one session gains nothing from a new link.
    return this.#isFull && this.#answered.size > 1 && !openings.slice(1).some(isBusy)
  }

  /** Whether the session is bound over this link: messages of a refused one are not offered. */
  has(sessionId: Uuid): boolean {
    return this.#bound.has(sessionId)
  }

  /** Whether the session is in the part that has no answer. */
  isAsked(sessionId: Uuid): boolean {
    return this.#part.some((opening) => opening.sessionId === sessionId)
  }

  /**
   * What a renewal of the login binds: the part that waits for its answer, if the own session is in it,
   * since the answer to the own session alone would refuse the others.
   */
  renewed(own: SessionOpening): readonly SessionOpening[] {
    return this.isAsked(own.sessionId) ? this.#part : [own]
  }

  /** The part that was sent before that moment and has no answer. */
  unanswered(beforeMs: number, nowMs: number): readonly SessionOpening[] | undefined {
    if (this.#part.length === 0 || this.#askedAtMs > beforeMs) return undefined
    this.#askedAtMs = nowMs
    return this.#part
  }

  /** The reviewer's answer: those of the part that it does not name are refused. */
  bound(sessionIds: readonly Uuid[]): void {
    const ids = new Set(sessionIds)
    this.#answer([...ids])
    for (const id of ids) this.#bound.add(id)
    assert(this.#bound.size <= this.#answered.size, 'what is bound is answered')
    // Otherwise it is of an earlier part, and late.
    if (!this.#part.some(({ sessionId }) => ids.has(sessionId))) return
    this.#answer(this.#part.map(({ sessionId }) => sessionId))
    this.#part = []
  }

  /** This device lacks the keys of these sessions: they are not bound. */
  skip(sessions: readonly SessionOpening[]): void {
    this.#answer(sessions.map(({ sessionId }) => sessionId))
    this.#part = this.#part.filter((opening) => !sessions.includes(opening))
  }

  #answer(sessionIds: readonly Uuid[]): void {
    for (const sessionId of sessionIds) {
      this.#answered.add(sessionId)
      this.#forgotten.delete(sessionId)
    }
  }
}
