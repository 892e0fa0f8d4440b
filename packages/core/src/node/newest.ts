/**
 * The word of a reviewer that a position is its newest: signed with the time, so that nobody can say it
 * again later, and for no link in particular, so that all who ask at about the same time share one
 * signature.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import { liveBytes } from '../wire/signed.ts'

/** A word is said again for so long. */
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
  /** The wall clock when the monotonic one was at 0, as it was at the start. */
  readonly #originMs: number
  #seq = -1
  #at = 0
  #word: Promise<NewestWord> | undefined

  constructor(parts: NewestParts) {
    this.#parts = parts
    this.#originMs = parts.clock.now() - parts.clock.monotonic()
  }

  /** Milliseconds since 1970, in steps of the monotonic clock: a wall clock that is set moves no word. */
  now(): number {
    return Math.floor(this.#originMs + this.#parts.clock.monotonic())
  }

  /** That the head is the newest position now, or was so a moment ago. */
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
