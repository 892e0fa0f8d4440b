/**
 * Which sessions a link speaks for. They are bound in parts, one part at a time: the own session
 * first, then the ended ones that still wait for verdicts, oldest first. Where nothing waits,
 * there is nothing to bind.
 */
import type { Uuid } from '../base/uuid.ts'
import type { SessionOpening } from '../message/message.ts'

export class Binding {
  readonly #partMax: number
  /** Bound, or refused: either way not asked for again. */
  readonly #answered = new Set<Uuid>()
  #part: readonly SessionOpening[] = []
  #askedAtMs = 0
  #isDone = false

  constructor(partMax: number) {
    this.#partMax = partMax
  }

  /** Whether every session that was to be bound is answered. */
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
    this.#part = left.slice(0, this.#partMax)
    this.#isDone = left.length === 0
    this.#askedAtMs = nowMs
    return left.length > 0 ? this.#part : undefined
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

  /** The reviewer does not know that session: it is bound once more. */
  forget(sessionId: Uuid): void {
    this.#answered.delete(sessionId)
  }
}
