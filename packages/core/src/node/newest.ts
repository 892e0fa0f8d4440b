/**
 * Signed statements that a position is the newest one. The time is signed, against replay; the nonce of
 * a link is not, so all links share one signature for a few seconds.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import { liveBytes } from '../wire/signed.ts'

/** Time for which a statement is reused. */
const SHARED_MS = 5_000

export interface NewestWord {
  readonly position: Position
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly sig: string
}

export interface NewestParts {
  readonly space: Uuid
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
}

export class Newest {
  readonly #parts: NewestParts
  /** The wall clock at monotonic time 0, read at the start. */
  readonly #originMs: number
  #seq = -1
  #at = 0
  #word: Promise<NewestWord> | undefined

  constructor(parts: NewestParts) {
    this.#parts = parts
    this.#originMs = parts.clock.now() - parts.clock.monotonic()
  }

  /** Ms since 1970, advanced by the monotonic clock: setting the wall clock has no effect. */
  now(): number {
    return Math.floor(this.#originMs + this.#parts.clock.monotonic())
  }

  /** The statement that the head is the newest position, at most `SHARED_MS` old. */
  async word(head: Position): Promise<NewestWord> {
    const at = this.now()
    if (!this.#word || this.#seq !== head.seq || at - this.#at >= SHARED_MS) {
      this.#seq = head.seq
      this.#at = at
      this.#word = this.#signed(head, at)
      this.#word.catch(() => (this.#word = undefined))
    }
    return this.#word
  }

  async #signed(position: Position, at: number): Promise<NewestWord> {
    const { space, keys, signer } = this.#parts
    return { position, at, sig: await signer.sign(keys, liveBytes(space, position, at)) }
  }
}
