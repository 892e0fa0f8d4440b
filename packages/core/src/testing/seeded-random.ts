/**
 * The random port with a seed: the same bytes, ids and salts in every run. Predictable, so only for
 * tests.
 */
import type { Random } from '../ports/random.ts'

/** Reproducible random numbers. Not for keys. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c = 0x2545f491
  #count = 1

  /** @param seed any whole number; neighbouring seeds give unrelated sequences. */
  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = Math.floor(seed / 2 ** 32) | 0
    for (let i = 0; i < 15; i++) this.#word()
  }

  unit(): number {
    return this.#word() / 2 ** 32
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count)
    for (let i = 0; i < count; i += 4) {
      const word = this.#word()
      for (let byte = 0; byte < 4 && i + byte < count; byte++) bytes[i + byte] = word >>> (8 * byte)
    }
    return bytes
  }

  /** An independent sequence for one part of a world, so that parts do not influence each other. */
  split(): SeededRandom {
    return new SeededRandom(this.#word() * 2 ** 20 + (this.#word() >>> 12))
  }

  /** One step of sfc32. */
  #word(): number {
    const result = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + result
    return result >>> 0
  }
}
