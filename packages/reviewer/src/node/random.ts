/** Core's random port in Node: unpredictable in all methods. */
import { getRandomValues, randomBytes } from 'node:crypto'
import type { Random } from '@countersign/core/ports'

/** Randomness of the operating system, fit for keys and salts. */
export function nodeRandom(): Random {
  const word = new Uint32Array(1)
  return {
    bytes: (count) => new Uint8Array(randomBytes(count)),
    unit: () => (getRandomValues(word)[0] ?? 0) / 2 ** 32,
  }
}
