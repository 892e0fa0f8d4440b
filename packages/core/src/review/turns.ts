/** A semaphore: limits concurrent work, in FIFO order. */
import { assert } from '../base/assert.ts'

export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    assert(max > 0, 'at least one task can run')
    this.#free = max
  }

  /** Runs `work` as soon as a slot is free. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
