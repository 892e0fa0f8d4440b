/**
 * Samples the authorship of flushes: requests the seals of some, and verifies them against the
 * lines that were read. Picks one flush in a fixed number, and one of each author a day. A flush
 * that its author did not sign raises an alarm, and so does one whose seal the reviewer lacks, or
 * does not send for long: a single answer may be lost, or held back by the network. An alarm
 * reverts nothing.
 *
 *   flush read ─▶ picked ─▶ asked ─▶ answered: right, or an alarm
 *                             └── asked repeatedly, for ten minutes online: an alarm
 */
import type { Uuid } from '../base/uuid.ts'
import type { Lineage } from '../history/lineage.ts'
import { sealBytes } from '../facts/hashes.ts'
import type { Seen } from '../facts/types.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { Limits } from '../facts/limits.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import { readLayout } from '../wire/read-batch.ts'
import { flushWith } from '../wire/told.ts'
import type { Batch } from '../wire/types.ts'

/** Timeout after which a seal is requested again, and number of requests before the alarm. */
const ANSWER_MS = 10_000
const ASKED_MAX = 60
const DAY_MS = 86_400_000
/** Maximum authors whose last day is kept; the oldest are dropped, and sampled again. */
const AUTHORS_MAX = 1_024

export interface AuditParts {
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
  /** Whether `sig` over the bytes is of that key. */
  readonly verify: (publicKey: string, bytes: Uint8Array, sig: string) => Promise<boolean>
  /** Called with the alarm, as a sentence. */
  readonly alarm: (what: string) => void
}

interface Asked {
  /** The layout of the batch, as it was read. */
  readonly text: string
  /** Time of the request; undefined: not requested over this link. */
  askedAtMs: number | undefined
  times: number
}

export class Audit {
  readonly #parts: AuditParts
  /** By the seq of the first accepted message of the flush. */
  readonly #asked = new Map<number, Asked>()
  /** By author, the day of the newest flush that was picked. */
  readonly #days = new Map<Uuid, number>()
  /** Number of flushes to skip before the next pick. */
  #left: number
  /** Of the link. */
  #lineage: Lineage | undefined

  constructor(parts: AuditParts) {
    this.#parts = parts
    this.#left = this.#gap()
  }

  /** Called after a greeting. In another epoch, a seq may be of another message. */
  follow(lineage: Lineage): void {
    if (this.#lineage?.present.eid !== lineage.present.eid) this.#asked.clear()
    this.#lineage = lineage
  }

  /** Called with a batch that was applied, and its text. */
  taken(text: string, { accepted }: Batch): void {
    const day = Math.floor(this.#parts.clock.now() / DAY_MS)
    let flush: Seen | undefined
    for (const { seen, seq, isOwn, session, review } of accepted) {
      if (seen === flush) continue
      flush = seen // one object for each head line
      // A flush that was handed back to the reviewer has no seal there.
      if (isOwn || (review && review.places.length > 0)) continue
      const { authorId } = session.facts
      const isPicked = --this.#left < 0 || this.#days.get(authorId) !== day
      if (!isPicked || this.#asked.size >= this.#parts.limits.sealsMax) continue
      if (this.#left < 0) this.#left = this.#gap()
      this.#days.delete(authorId)
      this.#days.set(authorId, day)
      const [oldest] = this.#days.keys()
      if (this.#days.size > AUTHORS_MAX && oldest !== undefined) this.#days.delete(oldest)
      this.#asked.set(seq, { text, askedAtMs: undefined, times: 0 })
    }
  }

  /**
   * Called from time to time, and with a new link: sends requests that are due, and raises the
   * alarm for those without an answer.
   */
  tick(send: (frame: string) => void): void {
    const nowMs = this.#parts.clock.monotonic()
    for (const [seq, asked] of this.#asked) {
      if (asked.askedAtMs !== undefined && nowMs - asked.askedAtMs < ANSWER_MS) continue
      asked.askedAtMs = nowMs
      if (asked.times++ < ASKED_MAX) send(authorFrame('seal', { seq }))
      else {
        this.#asked.delete(seq)
        this.#parts.alarm(`for ten minutes the reviewer has not sent the seal of message ${seq}`)
      }
    }
  }

  /** Called when the link is lost: its open requests are sent over the next one. */
  lost(): void {
    for (const asked of this.#asked.values()) asked.askedAtMs = undefined
  }

  /** Called with the signed answer of the reviewer. */
  async answered({ seq, publicKey, seal }: ReviewerFrame & { kind: 'seal' }): Promise<void> {
    const asked = this.#asked.get(seq)
    if (!asked) return
    this.#asked.delete(seq)
    const { limits, verify, alarm } = this.#parts
    const layout = readLayout(asked.text, [], batchReadingBounds(limits))
    if (!layout.ok) return // it was read before
    const { headHash, places, session } = flushWith(layout.value, seq).flush
    const { authorId } = session.facts
    if ((publicKey === null || seal === null) && this.#isFromBefore(seq)) return
    if (publicKey === null || seal === null) {
      alarm(`the reviewer has no seal of message ${seq}, which it attributes to ${authorId}`)
      return
    }
    const bytes = sealBytes({ head: headHash, lines: places.map(({ hash }) => hash) })
    if (whoamiId(publicKey) === authorId && (await verify(publicKey, bytes, seal))) return
    alarm(`${authorId} has not signed message ${seq}, which the reviewer attributes to it`)
  }

  /**
   * Whether the reviewer may have lost a message since, and got it handed back without its seal.
   */
  #isFromBefore(seq: number): boolean {
    const { epochs = [] } = this.#lineage ?? {}
    return epochs.some((epoch) => epoch.why === 'restore' && epoch.seq > seq)
  }

  #gap(): number {
    const { limits, random } = this.#parts
    return Math.floor(random.unit() * (2 * limits.flushesPerSeal - 1))
  }
}
