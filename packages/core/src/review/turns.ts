/** So many at a time; the others wait in line. */
import { assert } from '../base/assert.ts'

export class Turns {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(max: number) {
    assert(max > 0, 'somebody has a turn')
    this.#free = max
  }

  /** Does the work when it is its turn. */
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
