/** A map of a stated size. */
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../testing/seeded-random.ts'
import { CacheBudget } from './cache-budget.ts'
import { Lru } from './lru.ts'

const keysOf = <K, V>(lru: Lru<K, V>): K[] => [...lru.entries()].map(([key]) => key)

describe('lru', () => {
  test('evicts the least recently used item when it is trimmed', () => {
    const budget = new CacheBudget(2)
    const lru = new Lru<string, number>(budget)
    for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) lru.set(key, value)
    expect(keysOf(lru)).toEqual(['a', 'b', 'c'])
    expect(lru.get('a')).toBe(1)
    budget.trim()
    expect(keysOf(lru)).toEqual(['c', 'a'])
    expect([lru.get('b'), lru.count, lru.size]).toEqual([undefined, 2, 2])
  })

  test('counts sizes in any unit, and a value that takes the place of another', () => {
    const budget = new CacheBudget(10)
    const lru = new Lru<string, number>(budget, { sizeOf: (value) => value })
    lru.set('a', 4)
    lru.set('b', 6)
    lru.set('a', 1)
    expect([lru.size, keysOf(lru)]).toEqual([7, ['b', 'a']])
    lru.set('c', 4)
    budget.trim()
    expect([lru.size, keysOf(lru)]).toEqual([5, ['a', 'c']])
    lru.delete('a')
    lru.delete('a')
    expect(lru.size).toBe(4)
    lru.clear()
    expect([lru.size, lru.count]).toEqual([0, 0])
  })

  test('one that is larger than all of it goes, too; zero keeps nothing', () => {
    const budget = new CacheBudget(10)
    const lru = new Lru<string, number>(budget, { sizeOf: (value) => value })
    lru.set('a', 11)
    expect(lru.get('a')).toBe(11)
    budget.trim()
    expect(lru.count).toBe(0)
    const nothing = new CacheBudget(0)
    const none = new Lru<string, number>(nothing)
    none.set('a', 1)
    nothing.trim()
    expect(none.count).toBe(0)
  })

  test('what may not go stays, however large, and the next older one goes in its place', () => {
    let mayGo = (value: number): boolean => value % 2 === 0
    const budget = new CacheBudget(2)
    const lru = new Lru<string, number>(budget, { mayGo: (value) => mayGo(value) })
    for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3, d: 4 })) lru.set(key, value)
    budget.trim()
    expect(keysOf(lru)).toEqual(['a', 'c'])
    lru.set('e', 5)
    budget.trim()
    expect(lru.size).toBe(3)
    mayGo = () => true
    budget.trim()
    expect(keysOf(lru)).toEqual(['c', 'e'])
  })

  test('equals a list of all uses, over any sequence of calls', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new SeededRandom(seed)
      const pick = (count: number): number => Math.floor(random.unit() * count)
      const mayGo = (value: number): boolean => value !== 3
      const budget = new CacheBudget(12)
      const lru = new Lru<number, number>(budget, { sizeOf: (value) => value, mayGo })
      let list: [number, number][] = []
      const without = (key: number): [number, number][] => list.filter(([other]) => other !== key)
      for (let step = 0; step < 200; step++) {
        const key = pick(8)
        const known = list.find(([other]) => other === key)
        switch (pick(4)) {
          case 0:
            expect(lru.get(key)).toBe(known?.[1])
            if (known) list = [...without(key), known]
            break
          case 1: {
            const value = 1 + pick(6)
            lru.set(key, value)
            list = [...without(key), [key, value]]
            break
          }
          case 2:
            lru.delete(key)
            list = without(key)
            break
          default: {
            budget.trim()
            for (const item of list.slice()) {
              if (list.reduce((sum, [, value]) => sum + value, 0) <= 12) break
              if (mayGo(item[1])) list = list.filter((other) => other !== item)
            }
          }
        }
        expect([...lru.entries()], `seed ${seed}, step ${step}`).toEqual(list)
        expect(lru.size).toBe(list.reduce((sum, [, value]) => sum + value, 0))
      }
    }
  })
})
