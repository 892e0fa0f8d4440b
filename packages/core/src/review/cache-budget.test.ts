/** What caches may hold together. */
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../testing/seeded-random.ts'
import { CacheBudget } from './cache-budget.ts'
import { Lru } from './lru.ts'

function cachesOf(budget: CacheBudget, sizes: readonly number[]): Lru<number, number>[] {
  return sizes.map((size) => {
    const cache = new Lru<number, number>(budget)
    for (let n = 0; n < size; n++) cache.set(n, n)
    return cache
  })
}

describe('a budget', () => {
  test.for([
    [15, [1, 2, 9, 9], [1, 2, 6, 6]],
    [21, [1, 2, 9, 9], [1, 2, 9, 9]],
    [20, [1, 2, 9, 9], [1, 2, 8, 8]],
    [4, [9, 9], [2, 2]],
    [3, [9], [3]],
    [0, [1, 0], [0, 0]],
    [3, [], []],
  ] as const)('§20 bounds: of %i leaves caches of %j with %j', ([max, sizes, left]) => {
    const budget = new CacheBudget(max)
    const caches = cachesOf(budget, sizes)
    budget.trim()
    expect(caches.map(({ size }) => size)).toEqual(left)
  })

  test('§20 bounds: is kept by any caches, and a cache that is held gives when it no longer is', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = new SeededRandom(seed)
      const below = (count: number): number => Math.floor(random.unit() * count)
      const max = below(60)
      const budget = new CacheBudget(max)
      let isHeld = true
      const held = new Lru<number, number>(budget, { isHeld: () => isHeld })
      const others = cachesOf(budget, [below(30), below(30), below(30)])
      for (let n = below(30); n > 0; n--) held.set(n, n)
      const before = held.size
      budget.trim()
      expect(held.size).toBe(before)
      isHeld = false
      budget.trim()
      const size = [held, ...others].reduce((sum, cache) => sum + cache.size, 0)
      expect(size, `seed ${seed}`).toBeLessThanOrEqual(max)
    }
  })

  test('a cache that left takes none of it', () => {
    const budget = new CacheBudget(4)
    const [gone, other] = cachesOf(budget, [3, 4])
    gone!.leave()
    budget.trim()
    expect([gone!.size, other!.size]).toEqual([0, 4])
  })
})
