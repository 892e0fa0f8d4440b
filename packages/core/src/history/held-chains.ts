/**
 * The chain after each of the last commits. Authors name the position that they had read, with its
 * chain: a different chain means another history than this reviewer's.
 */
import type { Hash } from '../base/hash.ts'
import { chainPrefix } from '../facts/ids.ts'

export class HeldChains {
  readonly #max: number
  /** By seq, oldest first. */
  readonly #starts = new Map<number, string>()

  constructor(max: number) {
    this.#max = max
  }

  note(seq: number, chain: Hash): void {
    this.#starts.set(seq, chainPrefix(chain))
    if (this.#starts.size <= this.#max) return
    const [oldest] = this.#starts.keys()
    if (oldest !== undefined) this.#starts.delete(oldest)
  }

  /** False if the chain at that seq is known, and differs. */
  mayBe(seq: number, start: string): boolean {
    return (this.#starts.get(seq) ?? start) === start
  }
}
