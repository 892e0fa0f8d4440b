/**
 * Who wrote what a peer has accepted. Batches of a peer wait here until the seal of each foreign flush in
 * them is checked, which the peer is asked for as home is for samples (AUD2): what an author has not
 * signed is never shown in its name (PEER9).
 *
 *   batches, signed ─▶ wait ─▶ asked for each flush, 16 at a time ─▶ all sealed ─▶ taken, in order
 *                                          └── another seal, or none ─▶ the peer lies
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import { batchReadingBounds } from '../wire/bounds.ts'
import { type ReviewerFrame, authorFrame } from '../wire/frames.ts'
import type { FlushSeal } from '../wire/held-frame.ts'
import { readLayout } from '../wire/read-batch.ts'
import type { FlushLayout } from '../wire/types.ts'
import { type Verify, isSealOf } from './flush-seal.ts'
import type { ReadOne } from './tail-plan.ts'

/** Without an answer for so long the link ends. */
const ANSWER_MS = 10_000

/** The seal of one flush, and the session that it is of. */
export interface PeerSeal extends FlushSeal {
  readonly sessionId: Uuid
}

/** A batch whose foreign flushes are sealed by their authors. */
export interface SignedBatch extends ReadOne {
  /** One for each flush, in order; undefined for an own one. */
  readonly seals: readonly (PeerSeal | undefined)[]
}

/** Batches up to a signed position. */
export interface SignedStep {
  readonly batches: readonly SignedBatch[]
  readonly position: Position
}

/** What waits: batches; or `through`, the moment at which all before it is known. */
type Waiting = (SignedStep & { missing: number }) | 'through'

interface Asked {
  readonly flush: FlushLayout
  readonly put: (seal: PeerSeal) => void
  /** In monotonic ms; undefined: not yet. */
  askedAtMs: number | undefined
}

export interface PeerSealsParts {
  readonly limits: Limits
  readonly now: () => number
  readonly verify: Verify
  readonly send: (frame: string) => void
}

/** Those of one link. */
export class PeerSeals {
  readonly #parts: PeerSealsParts
  readonly #waiting: Waiting[] = []
  /** By the seq of the first accepted message of the flush, in order. */
  readonly #asked = new Map<number, Asked>()

  constructor(parts: PeerSealsParts) {
    this.#parts = parts
  }

  /** Batches that the peer has signed up to that position. False where one cannot be read. */
  add(read: readonly ReadOne[], position: Position): boolean {
    const step = { batches: [] as SignedBatch[], position, missing: 0 }
    for (const one of read) {
      const seals: (PeerSeal | undefined)[] = []
      const flushes = this.#flushesOf(one)
      if (!flushes) return false
      for (const [i, { seq, flush, isOwn }] of flushes.entries()) {
        seals.push(undefined)
        if (isOwn) continue
        step.missing++
        const put = (seal: PeerSeal): void => {
          seals[i] = seal
          step.missing--
        }
        this.#asked.set(seq, { flush, put, askedAtMs: undefined })
      }
      step.batches.push({ ...one, seals })
    }
    this.#waiting.push(step)
    return true
  }

  /** All that the peer has accepted was added. */
  addThrough(): void {
    if (this.#waiting.at(-1) !== 'through') this.#waiting.push('through')
  }

  /** What need not wait any more, in order. Asks for what is missing. */
  *ready(): IterableIterator<SignedStep | 'through'> {
    const nowMs = this.#parts.now()
    let room = this.#parts.limits.sealsMax
    for (const [seq, asked] of this.#asked) {
      if (room-- <= 0) break
      if (asked.askedAtMs !== undefined) continue
      asked.askedAtMs = nowMs
      this.#parts.send(authorFrame('seal', { seq }))
    }
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (next !== 'through' && next.missing > 0) return
      this.#waiting.shift()
      yield next
    }
  }

  get isOverdue(): boolean {
    const [oldest] = this.#asked.values()
    const sinceMs = oldest?.askedAtMs
    return sinceMs !== undefined && this.#parts.now() - sinceMs > ANSWER_MS
  }

  /** False where the author has not sealed the flush. */
  async answered({
    seq,
    publicKey,
    seal,
  }: ReviewerFrame & { readonly kind: 'seal' }): Promise<boolean> {
    const asked = this.#asked.get(seq)
    if (!asked) return true
    const { flush, put } = asked
    if (publicKey === null || seal === null) return false
    if (!(await isSealOf(flush, { publicKey, seal }, this.#parts.verify))) return false
    const { sessionId } = flush.session.facts
    if (this.#asked.delete(seq)) put({ sessionId, publicKey, seal })
    return true
  }

  #flushesOf({ text, batch }: ReadOne) {
    const { accepted, fromSeq } = batch
    if (accepted.length === 0) return [] // the record of an epoch
    const layout = readLayout(text, [], batchReadingBounds(this.#parts.limits))
    if (!layout.ok) return undefined
    let seq = fromSeq
    return layout.value.flushes.map((flush) => {
      const count = flush.entry.taken.length
      assert(count > 0, 'a flush in a batch has an accepted message')
      const own = accepted.slice(seq - fromSeq, seq - fromSeq + count)
      const found = { seq, flush, isOwn: own.every(({ isOwn }) => isOwn) }
      seq += count
      return found
    })
  }
}
