/**
 * Brings home what peers have reviewed while it was away, for authors that may be gone. Each peer waits
 * for a random time, and then brings the batches that home does not have yet.
 *
 *   taken from a peer ─▶ held ─▶ home is there, after a while ─▶ brought ─▶ judged: gone
 *                          ▲                   └── accepted meanwhile: gone
 *                          └──── later, after a growing pause ──┴── it waits: session not known, …
 */
import { NO_BYTES, type Bytes, addBytes, bytesOf, utf8Bytes } from '../../base/size.ts'
import type { Hash } from '../../base/hash.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Random } from '../../ports/random.ts'
import type { Brought, BroughtBatch } from '../../sync/bring-requests.ts'

/** Of texts; more than that is not held, and the oldest go. */
const BYTES_MAX = 4_194_304
/** So long, and a random part of the second, after home is back. Its authors bring what is theirs meanwhile. */
const WAIT_MS = 2_000
const SPREAD_MS = 10_000
/** What was not judged rests for so long, twice as long each time. */
const REST_MS = 30_000
const REST_MAX_MS = 3_600_000

/** A batch, and its messages of other authors. */
export interface BatchToBring extends BroughtBatch {
  readonly others: readonly { readonly sessionId: Uuid; readonly clientSeq: number }[]
}

interface Held {
  readonly batch: BatchToBring
  readonly bytes: Bytes
  restMs: number
  /** Not before this moment, in monotonic ms. */
  restsUntil: number
}

export interface BringingParts {
  readonly clock: Clock
  readonly random: Random
  readonly isOnline: () => boolean
  /** Whether home has accepted a message, as far as this store knows. */
  readonly isAccepted: (sessionId: Uuid, clientSeq: number) => boolean
  /** Rejects where there is no link, or no answer. */
  readonly bring: (batch: BroughtBatch) => Promise<Brought>
}

export class Bringing {
  readonly #parts: BringingParts
  /** By the chain after them, oldest first. */
  readonly #held = new Map<Hash, Held>()
  #bytes = NO_BYTES
  #isBringing = false
  #cancel: () => void = () => {}

  constructor(parts: BringingParts) {
    this.#parts = parts
  }

  /** Of a peer's review. One that is held already stays as it is. */
  hold(batch: BatchToBring): void {
    const { chain } = batch.position
    if (batch.others.length === 0 || this.#held.has(chain)) return
    const bytes = utf8Bytes(batch.text)
    this.#held.set(chain, { batch, bytes, restMs: REST_MS, restsUntil: 0 })
    this.#bytes = addBytes(this.#bytes, bytes)
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= BYTES_MAX) break
      this.#drop(oldest)
    }
  }

  /** Home is there. */
  begin(): void {
    const { random } = this.#parts
    if (this.#held.size > 0) this.#later(WAIT_MS + SPREAD_MS * random.unit())
  }

  close(): void {
    this.#cancel()
    this.#held.clear()
  }

  #later(ms: number): void {
    this.#cancel()
    this.#cancel = this.#parts.clock.after(ms, () => void this.#all())
  }

  async #all(): Promise<void> {
    if (this.#isBringing) return
    this.#isBringing = true
    try {
      for (const [chain, held] of this.#held) {
        if (!this.#parts.isOnline()) return // it begins again when home is back
        if (await this.#isOver(held)) this.#drop(chain)
      }
    } finally {
      this.#isBringing = false
    }
    const nowMs = this.#parts.clock.monotonic()
    const due = Math.min(...[...this.#held.values()].map(({ restsUntil }) => restsUntil))
    if (this.#held.size > 0) this.#later(Math.max(1, due - nowMs))
  }

  /** Whether there is nothing more to bring of a batch. */
  async #isOver(held: Held): Promise<boolean> {
    const { clock, isAccepted, bring } = this.#parts
    const { batch } = held
    if (batch.others.every(({ sessionId, clientSeq }) => isAccepted(sessionId, clientSeq)))
      return true
    if (held.restsUntil > clock.monotonic()) return false
    const answer = await bring(batch).catch(() => undefined) // the link is gone: later
    if (answer === 'judged' || answer === 'too_large') return true
    held.restsUntil = clock.monotonic() + held.restMs
    if (answer !== undefined) held.restMs = Math.min(held.restMs * 2, REST_MAX_MS)
    return false
  }

  #drop(chain: Hash): void {
    const held = this.#held.get(chain)
    if (held && this.#held.delete(chain)) this.#bytes = bytesOf(this.#bytes - held.bytes)
  }
}
