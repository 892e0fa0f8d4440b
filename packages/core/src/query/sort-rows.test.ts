/** Compares the bulk sort with `Array.sort`. */
import { expect, test } from 'vitest'
import { parseSortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { comparator } from './compare.ts'
import { Dice, fakeRow } from './fake-rows.ts'
import { firstRows, sortRows } from './sort-rows.ts'

/** Few objects, and equal ones among them. */
const MOMENTS = Array.from({ length: 12 }, (_, i) => new Date(i % 5))

const VALUES: Readonly<Record<string, (dice: Dice) => unknown>> = {
  few: (dice) => dice.pick(['open', 'doing', 'done', undefined, null]),
  flag: (dice) => dice.chance(0.5),
  many: (dice) => dice.next(),
  text: (dice) => String(dice.below(500)),
  moment: (dice) => dice.pick(MOMENTS),
  mixed: (dice) => dice.pick([1, '1', 1n, true, null, undefined, [1], dice.next()]),
  zero: (dice) => dice.pick([0, -0]),
}

function someRows(dice: Dice, count: number): AnyRow[] {
  return Array.from({ length: count }, (_, i) => {
    const fields = Object.entries(VALUES).map(([name, value]) => [name, value(dice)])
    return fakeRow(`row${dice.below(1_000)}-${i}`, Object.fromEntries(fields) as object, {
      order: dice.below(1_000_000),
    })
  })
}

const NAMES = [...Object.keys(VALUES), '$orderKey']

test('rows sorted in bulk are in the order of the comparator', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const dice = new Dice(seed)
    const rows = someRows(dice, dice.pick([0, 1, 50, 300, 2_000]))
    const names = Array.from({ length: dice.below(4) }, () => dice.pick(NAMES))
    const keys = names.map((name) => parseSortKey((dice.chance(0.5) ? '-' : '') + name))
    const compare = comparator(keys)
    const expected = rows.toSorted(compare)
    expect(
      sortRows([...rows], { keys, compare }).map((row) => row.id),
      `seed ${seed}`,
    ).toEqual(expected.map((row) => row.id))
    for (const count of [0, 1, 10, rows.length + 1]) {
      expect(firstRows(rows, count, compare)).toEqual(expected.slice(0, count))
    }
  }
})
