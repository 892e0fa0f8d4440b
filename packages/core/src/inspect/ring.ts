/**
 * The last so many of what was put in, and nothing more: bounded memory whatever happens. A
 * value that falls out is gone at once; the ring holds no other reference to it.
 */
import { assert } from '../base/assert.ts'

export class Ring<T> {
  readonly #slots: (T | undefined)[]
  readonly #countMax: number
  /** How many were ever put in. */
  #total = 0

  constructor(countMax: number) {
    assert(Number.isSafeInteger(countMax) && countMax > 0, 'a ring has room for something')
    this.#countMax = countMax
    this.#slots = []
  }

  get total(): number {
    return this.#total
  }

  /** How many fell out. */
  get dropped(): number {
    return Math.max(0, this.#total - this.#countMax)
  }

  push(value: T): void {
    this.#slots[this.#total % this.#countMax] = value
    this.#total++
  }

  /** What is here of those after the first `count` ever put in, oldest first. */
  after(count: number): T[] {
    const found: T[] = []
    for (let at = Math.max(count, this.dropped); at < this.#total; at++) {
      found.push(this.#slots[at % this.#countMax]!)
    }
    return found
  }
}
