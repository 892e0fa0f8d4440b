/**
 * Chance that can be repeated: one number, the seed, decides everything that follows. Tests
 * print it when they fail. Not for keys or ids: whoever sees a few results knows the rest.
 */

export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  /** @param seed any whole number; neighbouring seeds give unrelated sequences. */
  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    this.#c = 0x9e3779b9
    for (let i = 0; i < 16; i++) this.word()
  }

  /** A whole number of 32 bits, from 0. One step of sfc32. */
  word(): number {
    const result = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    return result >>> 0
  }

  /** A number in [0, 1). */
  unit(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.unit() * below)
  }

  /** A whole number in [min, max]. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  /** True in that share of the cases. */
  chance(share: number): boolean {
    return this.unit() < share
  }

  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from')
    return list[this.below(list.length)]!
  }

  /** The same elements in another order; the list given stays as it is. */
  shuffled<T>(list: readonly T[]): T[] {
    const result = [...list]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = result[i]!
      result[i] = result[j]!
      result[j] = kept
    }
    return result
  }

  /** `count` different elements, in random order; all of them when there are fewer. */
  sample<T>(list: readonly T[], count: number): T[] {
    return this.shuffled(list).slice(0, count)
  }

  /** Chance of its own for a part of a test, so that what one part draws leaves the rest alone. */
  split(): Random {
    return new Random(this.word() * 2 ** 20 + (this.word() >>> 12))
  }
}
