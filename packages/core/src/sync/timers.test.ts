/** The pause before the next try. */
import { expect, test } from 'vitest'
import type { Random } from '../ports/random.ts'
import { backoffMs } from './timers.ts'

const drawing = (unit: number): Random => ({
  bytes: (count) => new Uint8Array(count),
  unit: () => unit,
})

test('OPN7 a try is repeated after 20 ms and a random part of 250 ms, which doubles up to 10 s', () => {
  const longest = [0, 1, 2, 5, 6, 20, 1_000].map((failures) => backoffMs(failures, drawing(1)))
  expect(longest).toEqual([270, 520, 1_020, 8_020, 10_020, 10_020, 10_020])
  expect([backoffMs(0, drawing(0)), backoffMs(9, drawing(0))]).toEqual([20, 20])
  expect(backoffMs(3, drawing(0.5))).toBe(1_020)
})
