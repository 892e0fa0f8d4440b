/** Compares an arrangement with a sorted array, through bulk loads and single changes. */
import { expect, test } from 'vitest'
import { InvariantError } from '../base/assert.ts'
import { parseSortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { Arrangement, GATHERED_ROWS_MAX } from './arrangement.ts'
import { PLAIN_ACCESS } from './compare.ts'
import { Dice, fakeRow } from './fake-rows.ts'

const KEYS = ['status', '-points', '$orderKey'].map(parseSortKey)

function someRow(dice: Dice, id: string): AnyRow {
  const fields = { status: dice.pick(['open', 'doing', 'done']), points: dice.below(50) }
  return fakeRow(id, fields, { order: dice.below(1_000) })
}

test('S15 index = scan: every row is in its place after any buffering, merge, move and removal', () => {
  for (let seed = 1; seed <= 4; seed++) {
    const dice = new Dice(seed)
    const arrangement = new Arrangement(KEYS, PLAIN_ACCESS)
    const rows = new Map<string, AnyRow>()
    let ids = 0
    const add = (): void => {
      const row = someRow(dice, `row${ids++}`)
      rows.set(row.id, row)
      arrangement.swap(undefined, row)
    }
    for (let step = 0; step < 25; step++) {
      for (let i = dice.pick([0, 1, 3, 100, 1_500]); i > 0; i--) add()
      for (let i = Math.min(rows.size, dice.pick([0, 1, 20])); i > 0; i--) {
        const before = rows.get(`row${dice.below(ids)}`)
        if (!before) continue
        const after = dice.chance(0.3) ? undefined : someRow(dice, before.id)
        arrangement.swap(before, after)
        if (after) rows.set(after.id, after)
        else rows.delete(before.id)
      }
      expect(arrangement.size).toBe(rows.size)
      if (dice.chance(0.4)) continue
      arrangement.list.check()
      const expected = [...rows.values()].sort(arrangement.compare)
      const found = arrangement.list.slice()
      expect(found.every((row, i) => row === expected[i])).toBe(true)
      expect(found.length).toBe(expected.length)
    }
  }
}, 30_000)

test('a gathering is merged when it is full, with readers or without', () => {
  const dice = new Dice(1)
  const arrangement = new Arrangement(KEYS, PLAIN_ACCESS)
  for (let i = 0; i < 3 * GATHERED_ROWS_MAX + 5; i++) {
    arrangement.swap(undefined, someRow(dice, `row${i}`))
  }
  arrangement.list.check()
  expect(arrangement.list.size).toBe(3 * GATHERED_ROWS_MAX + 5)
})

test('a row whose Date was changed by the app is still taken out', () => {
  const keys = [parseSortKey('due')]
  const due = Array.from({ length: 1_000 }, (_, i) => new Date(i))
  const rows = due.map((moment, i) => fakeRow(`row${i}`, { due: moment }))
  const arrangement = new Arrangement(keys, PLAIN_ACCESS, rows)
  due[500]!.setTime(5)
  arrangement.swap(rows[500], fakeRow('row500', { due: new Date(700) }))
  arrangement.list.check()
  expect(arrangement.size).toBe(1_000)
})

test('a row that was never put in breaks an invariant', () => {
  const arrangement = new Arrangement(KEYS, PLAIN_ACCESS)
  expect(() => arrangement.swap(someRow(new Dice(1), 'row'), undefined)).toThrow(InvariantError)
})
