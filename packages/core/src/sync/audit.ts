/**
 * Samples of what a reviewer says that authors wrote: of some flushes the seal is asked for, and checked
 * against the lines that were read. One flush in so many, and one of each author a day. A flush whose
 * author did not sign it is an alarm, and so is one whose seal the reviewer does not have, or keeps back
 * for long: a single answer may be lost, or held by somebody else. Nothing is undone because of it.
 *
 *   flush read ─▶ picked ─▶ asked ─▶ answered: right, or an alarm
 *                             └── asked over and over, for ten minutes of being online: an alarm
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

/** Without an answer for this long, a seal is asked for again, and missed after so many times. */
const ANSWER_MS = 10_000
const ASKED_MAX = 60
const DAY_MS = 86_400_000
/** Authors whose day is remembered; the oldest are forgotten, and asked for once more. */
const AUTHORS_MAX = 1_024

export interface AuditParts {
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
  /** Whether that key has signed that. */
  readonly verify: (publicKey: string, bytes: Uint8Array, sig: string) => Promise<boolean>
  /** In words. */
  readonly alarm: (what: string) => void
}

interface Asked {
  /** Of the batch, as it was read. */
  readonly text: string
  /** undefined: not over this link. */
  askedAtMs: number | undefined
  times: number
}

export class Audit {
  readonly #parts: AuditParts
  /** By the seq of the first accepted message of the flush. */
  readonly #asked = new Map<number, Asked>()
  /** By author, the day of the newest flush that was picked. */
  readonly #days = new Map<Uuid, number>()
  /** So many flushes are passed over before the next is picked. */
  #left: number
  /** Of the link. */
  #lineage: Lineage | undefined

  constructor(parts: AuditParts) {
    this.#parts = parts
    this.#left = this.#gap()
  }

  /** A link was greeted. On another epoch, a seq may mean another message. */
  follow(lineage: Lineage): void {
    if (this.#lineage?.present.eid !== lineage.present.eid) this.#asked.clear()
    this.#lineage = lineage
  }

  /** A batch that was taken in, and its text. */
  taken(text: string, { accepted }: Batch): void {
    const day = Math.floor(this.#parts.clock.now() / DAY_MS)
    let flush: Seen | undefined
    for (const { seen, seq, isOwn, session, review } of accepted) {
      if (seen === flush) continue
      flush = seen // one object for each head line
      // What the reviewer had lost came back without its seal.
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

  /** Time has passed, or a link is there: asks what is not asked, and misses what is not answered. */
  tick(send: (frame: string) => void): void {
    const nowMs = this.#parts.clock.monotonic()
    for (const [seq, asked] of this.#asked) {
      if (asked.askedAtMs !== undefined && nowMs - asked.askedAtMs < ANSWER_MS) continue
      asked.askedAtMs = nowMs
      if (asked.times++ < ASKED_MAX) send(authorFrame('seal', { seq }))
      else {
        this.#asked.delete(seq)
        this.#parts.alarm(`for ten minutes nobody has told the seal of message ${seq}`)
      }
    }
  }

  /** The link is gone: what it owed is asked of the next one. */
  lost(): void {
    for (const asked of this.#asked.values()) asked.askedAtMs = undefined
  }

  /** The reviewer's answer, which it has signed. */
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
      alarm(`the reviewer has no seal of message ${seq}, which it says ${authorId} wrote`)
      return
    }
    const bytes = sealBytes({ head: headHash, lines: places.map(({ hash }) => hash) })
    if (whoamiId(publicKey) === authorId && (await verify(publicKey, bytes, seal))) return
    alarm(`${authorId} has not signed message ${seq}, which the reviewer says they wrote`)
  }

  /** Whether the reviewer may have lost a message since, and got it back without its seal. */
  #isFromBefore(seq: number): boolean {
    const { epochs = [] } = this.#lineage ?? {}
    return epochs.some((epoch) => epoch.why === 'restore' && epoch.seq > seq)
  }

  #gap(): number {
    const { limits, random } = this.#parts
    return Math.floor(random.unit() * (2 * limits.flushesPerSeal - 1))
  }
}
