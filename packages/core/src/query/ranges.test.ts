/** Compares ranges found by a value with a scan of all ranges. */
import { expect, test } from 'vitest'
import { compareValues } from './compare.ts'
import { Dice } from './fake-rows.ts'
import type { RangeTest } from './filter.ts'
import { Ranges, rangeOf } from './ranges.ts'

type Tests = readonly RangeTest[]

function someTests(dice: Dice): Tests {
  const number = (): number => dice.pick([0, 1, 2, 3, 5, 8, 13, 21, 34]) + dice.pick([0, 0.5])
  const test = (op: RangeTest['op']): RangeTest => ({ op, field: 'n', value: number(), key: '' })
  const low = dice.pick([[], [test('gt')], [test('gte')]])
  const high = dice.pick([[], [test('lt')], [test('lte')]])
  return [...low, ...high]
}

function holds(tests: Tests, value: number): boolean {
  return tests.every(({ op, value: bound }) => {
    const order = compareValues(value, bound)
    return op === 'gt'
      ? order > 0
      : op === 'gte'
        ? order >= 0
        : op === 'lt'
          ? order < 0
          : order <= 0
  })
}

test('C4c: finds exactly the ranges that hold a value, whatever was added and removed', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const dice = new Dice(seed)
    const ranges = new Ranges<Tests>()
    const watched = new Set<Tests>()
    for (let step = 0; step < 400; step++) {
      const tests = someTests(dice)
      const old = dice.pick([...watched, tests])
      if (watched.delete(old)) ranges.remove(old)
      if (dice.pick([true, true, false])) {
        watched.add(tests)
        ranges.add(rangeOf(tests), tests)
      }
      if (step % 7 > 0) continue
      expect(ranges.size).toBe(watched.size)
      const value = dice.pick([-1, 0, 0.5, 1, 4, 5, 8, 13.5, 34, 40])
      const found: Tests[] = []
      ranges.find(value, (watcher) => found.push(watcher))
      const expected = [...watched].filter((each) => holds(each, value))
      expect(found.length).toBe(expected.length)
      expect(new Set(found)).toEqual(new Set(expected))
    }
  }
})

test('C4c: a removed watcher that is added again has its new range alone', () => {
  const ranges = new Ranges<string>()
  const range = (from: number): ReturnType<typeof rangeOf> =>
    rangeOf([
      { op: 'gte', field: 'n', value: from, key: '' },
      { op: 'lt', field: 'n', value: from + 1, key: '' },
    ])
  for (let i = 0; i < 100; i++) ranges.add(range(i), `w${i}`)
  ranges.remove('w7')
  ranges.add(range(200), 'w7')
  const found = (value: number): string[] => {
    const names: string[] = []
    ranges.find(value, (name) => names.push(name))
    return names
  }
  expect([found(7), found(8), found(200)]).toEqual([[], ['w8'], ['w7']])
})
