/**
 * Which sessions a link speaks for. They are bound in parts, one part at a time: the own session
 * first, then the ended ones that still wait for verdicts, oldest first. Where nothing waits,
 * there is nothing to bind. What one link may not speak for waits for the next one.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { SessionOpening } from '../facts/message.ts'

export class Binding {
  readonly #limits: Pick<Limits, 'sessionsPerBindMax' | 'sessionsPerLinkMax'>
  /** Bound, or refused: either way not asked for again. */
  readonly #answered = new Set<Uuid>()
  #part: readonly SessionOpening[] = []
  #askedAtMs = 0
  #isDone = false
  #isFull = false

  constructor(limits: Pick<Limits, 'sessionsPerBindMax' | 'sessionsPerLinkMax'>) {
    this.#limits = limits
  }

  /** Whether every session that was to be bound, and that the link may speak for, is answered. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** The next part to ask for; undefined while one is under way, or when there is none. */
  next(
    openings: readonly SessionOpening[],
    waits: (sessionId: Uuid) => boolean,
    nowMs: number,
  ): readonly SessionOpening[] | undefined {
    if (this.#part.length > 0) return undefined
    const left = openings.filter(
      ({ sessionId }, at) => !this.#answered.has(sessionId) && (at === 0 || waits(sessionId)),
    )
    const { sessionsPerBindMax, sessionsPerLinkMax } = this.#limits
    const room = Math.max(0, sessionsPerLinkMax - this.#answered.size)
    this.#part = left.slice(0, Math.min(sessionsPerBindMax, room))
    this.#isDone = this.#part.length === 0
    this.#isFull = this.#isDone && left.length > 0
    this.#askedAtMs = nowMs
    return this.#isDone ? undefined : this.#part
  }

  /** Whether sessions wait for another link, and none of the ended ones of this link waits any more. */
  isUsedUp(openings: readonly SessionOpening[], waits: (sessionId: Uuid) => boolean): boolean {
    const isBusy = ({ sessionId }: SessionOpening): boolean =>
      this.#answered.has(sessionId) && waits(sessionId)
    // One that may speak for a single session gains nothing by another link.
    return this.#isFull && this.#answered.size > 1 && !openings.slice(1).some(isBusy)
  }

  has(sessionId: Uuid): boolean {
    return this.#answered.has(sessionId)
  }

  /** The part that was asked for before that moment and has no answer. */
  unanswered(beforeMs: number, nowMs: number): readonly SessionOpening[] | undefined {
    if (this.#part.length === 0 || this.#askedAtMs > beforeMs) return undefined
    this.#askedAtMs = nowMs
    return this.#part
  }

  /** The reviewer's answer: those of the part that it does not name are refused. */
  bound(sessionIds: readonly Uuid[]): void {
    const ids = new Set(sessionIds)
    for (const id of ids) this.#answered.add(id)
    // Otherwise it is of an earlier part, and late.
    if (!this.#part.some(({ sessionId }) => ids.has(sessionId))) return
    for (const { sessionId } of this.#part) this.#answered.add(sessionId)
    this.#part = []
  }

  /** Nobody here can prove these sessions: the link does not speak for them. */
  skip(sessions: readonly SessionOpening[]): void {
    for (const { sessionId } of sessions) this.#answered.add(sessionId)
    this.#part = this.#part.filter((opening) => !sessions.includes(opening))
  }

  /** The reviewer does not know that session: it is bound once more. */
  forget(sessionId: Uuid): void {
    this.#answered.delete(sessionId)
  }
}
