/** How much of what is handed back is judged at once. */
import { expect, test } from 'vitest'
import { bytesOf } from '../base/size.ts'
import { LIMITS } from '../facts/limits.ts'
import type { Flush } from '../facts/types.ts'
import { countOf } from './returned-flush.ts'

test.each<[string, number, number, number, number?]>([
  ['messages', 100, 64, 32],
  ['flushes', 300, 1, 256],
  ['bytes', 100, 1, 10, 100_000],
  ['bytes, and at least one flush', 3, 1, 1, 2_000_000],
])(
  'BATCH10 flushes that come back are judged together up to a number of %s',
  (_, count, messages, expected, bytes = 1_000) => {
    const flush = { messages: Array.from({ length: messages }), bytes: bytesOf(bytes) }
    const offers = Array.from({ length: count }, () => ({ flush: flush as unknown as Flush }))
    expect(countOf(offers, LIMITS)).toBe(expected)
    expect(countOf(offers.slice(0, 1), LIMITS)).toBe(1)
  },
)
