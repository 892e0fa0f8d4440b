/** Which values are in a range, and which ranges are in another: never more than is so. */
import { expect, test } from 'vitest'
import { SeededRandom } from '../testing/seeded-random.ts'
import { type Bound, type ScopeRange, containsRange, isInRange } from './scope-range.ts'

const any = new SeededRandom(7)
const below = (count: number): number => Math.floor(any.unit() * count)
const VALUES: readonly unknown[] = [
  ...Array.from({ length: 15 }, (_, i) => i / 2 - 1),
  ...['', 'a', 'aa', 'b', '\uffff', '😀', true, null, undefined],
]

function anyRange(): ScopeRange {
  const isText = below(3) === 0
  const bound = (): Bound => ({
    value: isText ? ['', 'a', 'b', '😀'][below(4)]! : below(6),
    isIn: below(2) === 0,
  })
  const [from, to] = below(2) === 0 ? [bound(), bound()] : [bound(), undefined]
  return below(2) === 0 ? { reg: 'x', from, to } : { reg: 'x', from: to, to: from }
}

test('VIEW1: a value is in a range as queries compare it', () => {
  const range: ScopeRange = {
    reg: 'x',
    from: { value: 1, isIn: true },
    to: { value: 3, isIn: false },
  }
  const within = VALUES.filter((value) => isInRange(value, range))
  expect(within).toEqual([1, 1.5, 2, 2.5])
  const texts: ScopeRange = { reg: 'x', from: { value: 'a', isIn: false }, to: undefined }
  expect(VALUES.filter((value) => isInRange(value, texts))).toEqual(['aa', 'b', '\uffff', '😀'])
})

test('VIEW8: every value of a contained range is in the other range', () => {
  let contained = 0
  for (let i = 0; i < 3_000; i++) {
    const [outer, inner] = [anyRange(), anyRange()]
    if (!containsRange(outer, inner)) continue
    contained++
    for (const value of VALUES)
      expect(isInRange(value, inner) && !isInRange(value, outer)).toBe(false)
    expect(containsRange({ ...outer, reg: 'y' }, inner)).toBe(false)
  }
  expect(contained).toBeGreaterThan(200)
  const narrow: ScopeRange = { reg: 'x', from: { value: 2, isIn: false }, to: undefined }
  expect(containsRange({ ...narrow, from: { value: 2, isIn: true } }, narrow)).toBe(true)
  expect(containsRange(narrow, narrow)).toBe(true)
})
