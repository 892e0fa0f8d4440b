/**
 * The quotas of one person at a reviewer, over all their links: messages and bytes a second, bytes
 * of answers a second, sessions, and answers at a time. A login proves the person; without a login,
 * the sessions claim one. Counted in memory, by this process.
 *
 *   offer ─▶ messages, bytes ──over──▶ nack `rate_limited`: the author offers it again
 *   want, history, seal ─▶ reading ──over──▶ the next part waits
 */
import { assert } from '../base/assert.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionRecord } from '../review/ledger.ts'
import type { Person } from '../review/persons.ts'

/** The key of a person in memory: a claimed person has other quotas than the proved one. */
export type PersonKey = string

/**
 * Minimum number of usages that are kept; beyond it, usages of absent persons with full quotas are
 * dropped.
 */
const USAGES_MIN = 4_096
/** A person is reported once in this time. */
const REPORT_MS = 60_000

/** The person of a session of a link: proved by the login of the link, or claimed. */
export function personKey(
  proved: Person | null,
  { personalId }: Pick<SessionRecord, 'personalId'>,
): PersonKey {
  return proved ? `proved ${proved.id}` : `claimed ${personalId}`
}

/** A token bucket: a rate per second, and a burst. The last take may overdraw it. */
class Bucket {
  readonly #perMs: number
  readonly #burst: number
  #level: number
  #atMs: number

  constructor({ perSecond, burst }: Rate, nowMs: number) {
    assert(perSecond > 0 && burst > 0, 'a rate is more than nothing')
    this.#perMs = perSecond / 1_000
    this.#burst = burst
    this.#level = burst
    this.#atMs = nowMs
  }

  level(nowMs: number): number {
    const refilled = this.#level + (nowMs - this.#atMs) * this.#perMs
    this.#level = Math.min(this.#burst, refilled)
    this.#atMs = nowMs
    return this.#level
  }

  take(amount: number): void {
    this.#level -= amount
  }

  isFull(nowMs: number): boolean {
    return this.level(nowMs) >= this.#burst
  }
}

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

interface Usage {
  readonly messages: Bucket
  readonly bytes: Bucket
  readonly reading: Bucket
  sessions: number
  answers: number
  reportedAtMs: number
}

/** The quota and the person that used it up, for the operator. */
export interface OverQuota {
  readonly what: 'messages' | 'bytes' | 'sessions' | 'reading' | 'answers'
  /** A pseudonym of the person. */
  readonly authorId: Uuid
}

export class Quotas {
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #onOver: (over: OverQuota) => void
  readonly #usages = new Map<PersonKey, Usage>()
  /** The number of usages at which they are looked through. */
  #manyAt = USAGES_MIN

  constructor(limits: Limits, clock: Clock, onOver: (over: OverQuota) => void) {
    this.#limits = limits
    this.#clock = clock
    this.#onOver = onOver
  }

  /** Counts an offer. Returns which quota is used up: then it is not counted, and has to wait. */
  offered(
    key: PersonKey,
    { messages, bytes }: { readonly messages: number; readonly bytes: Bytes },
    authorId: Uuid,
  ): string | undefined {
    const usage = this.#of(key)
    const nowMs = this.#clock.monotonic()
    for (const what of ['messages', 'bytes'] as const) {
      if (usage[what].level(nowMs) > 0) continue
      this.#over(usage, { what, authorId })
      return `this person offers too many ${what}`
    }
    usage.messages.take(messages)
    usage.bytes.take(bytes)
    return undefined
  }

  /** Counts what was read and sent for a link. */
  read(key: PersonKey, bytes: number): void {
    this.#of(key).reading.take(bytes)
  }

  /** Whether reads for a person must wait. */
  isReadUp(key: PersonKey, authorId: Uuid): boolean {
    const usage = this.#of(key)
    const isOver = usage.reading.level(this.#clock.monotonic()) <= 0
    if (isOver) this.#over(usage, { what: 'reading', authorId })
    return isOver
  }

  /** Whether a person may have one more session bound, which it has from now on. */
  holdSession(key: PersonKey, authorId: Uuid): boolean {
    const usage = this.#of(key)
    const isOver = usage.sessions >= this.#limits.sessionsPerPersonMax
    if (isOver) this.#over(usage, { what: 'sessions', authorId })
    else usage.sessions++
    return !isOver
  }

  releaseSession(key: PersonKey): void {
    const usage = this.#of(key)
    assert(usage.sessions > 0, 'a session that is released was held')
    usage.sessions--
  }

  /** Whether one more `want` of a person is answered. The caller calls `answered` for it. */
  answering(key: PersonKey, authorId: Uuid): boolean {
    const usage = this.#of(key)
    const isOver = usage.answers >= this.#limits.wantsPerPersonMax
    if (isOver) this.#over(usage, { what: 'answers', authorId })
    else usage.answers++
    return !isOver
  }

  answered(key: PersonKey): void {
    const usage = this.#of(key)
    assert(usage.answers > 0, 'an answer that ends was begun')
    usage.answers--
  }

  #over(usage: Usage, over: OverQuota): void {
    const nowMs = this.#clock.monotonic()
    if (nowMs - usage.reportedAtMs < REPORT_MS) return
    usage.reportedAtMs = nowMs
    this.#onOver(over)
  }

  #of(key: PersonKey): Usage {
    const known = this.#usages.get(key)
    if (known) return known
    const nowMs = this.#clock.monotonic()
    this.#forget(nowMs)
    const limits = this.#limits
    const usage: Usage = {
      messages: new Bucket(
        { perSecond: limits.personMessagesPerSecond, burst: limits.personMessagesBurst },
        nowMs,
      ),
      bytes: new Bucket(
        { perSecond: limits.personBytesPerSecond, burst: limits.personBytesBurst },
        nowMs,
      ),
      reading: new Bucket(
        { perSecond: limits.personReadBytesPerSecond, burst: limits.personReadBytesBurst },
        nowMs,
      ),
      sessions: 0,
      answers: 0,
      reportedAtMs: -Infinity,
    }
    this.#usages.set(key, usage)
    return usage
  }

  /** Drops usages with full quotas: a new one is equal, so no person gains by that. */
  #forget(nowMs: number): void {
    if (this.#usages.size < this.#manyAt) return
    for (const [key, { messages, bytes, reading, sessions, answers }] of this.#usages) {
      const isIdle = sessions + answers === 0
      if (isIdle && [messages, bytes, reading].every((bucket) => bucket.isFull(nowMs)))
        this.#usages.delete(key)
    }
    this.#manyAt = Math.max(USAGES_MIN, this.#usages.size * 2)
  }
}
