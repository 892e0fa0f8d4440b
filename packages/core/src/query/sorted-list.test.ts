/** Compares the chunked list with a plain sorted array. */
import { expect, test } from 'vitest'
import { Dice } from './fake-rows.ts'
import { CHUNK_ITEMS_MAX, SortedList } from './sorted-list.ts'

interface Item {
  readonly at: number
  readonly label: string
}

const byAt = (a: Item, b: Item): number => a.at - b.at
const item = (at: number, label = ''): Item => ({ at, label })

function listOf(count: number): SortedList<Item> {
  return SortedList.fromSorted(
    Array.from({ length: count }, (_, i) => item(i * 2)),
    byAt,
  )
}

test('a list equals a sorted array after every insertion, removal, replacement and merge', () => {
  for (let seed = 1; seed <= 9; seed++) {
    const dice = new Dice(seed)
    const list = new SortedList<Item>(byAt)
    const plain = new Map<number, Item>()
    const span = dice.pick([30, 700, 6_000])
    for (let step = 0; step < 1_500; step++) {
      const at = dice.below(span)
      const before = plain.get(at)
      const next = item(at, `step ${step}`)
      // Growing first, shrinking later: chunks split, then join.
      const shrinks = dice.chance(step < 800 ? 0.2 : 0.8)
      if (before && shrinks) {
        expect(list.remove(before)).toBe(true)
        plain.delete(at)
      } else if (before) {
        expect(list.replace(before, next)).toBe(true)
        plain.set(at, next)
      } else if (dice.chance(0.02)) {
        const batch = Array.from({ length: dice.below(900) }, () => item(dice.below(span)))
        const fresh = new Map(batch.filter((one) => !plain.has(one.at)).map((one) => [one.at, one]))
        list.merge([...fresh.values()].sort(byAt))
        for (const one of fresh.values()) plain.set(one.at, one)
      } else {
        expect(list.remove(next)).toBe(false)
        expect(list.replace(item(at), next)).toBe(false)
        list.insert(next)
        plain.set(at, next)
      }
      if (step % 100 > 0) continue
      list.check()
      expect(list.slice()).toEqual([...plain.values()].sort(byAt))
    }
  }
})

test('a bulk build fills chunks but leaves room, and takes insertions everywhere', () => {
  const list = listOf(5_000)
  list.check()
  for (let i = 0; i < 5_000; i++) list.insert(item(i * 2 + 1))
  list.check()
  expect(list.size).toBe(10_000)
  expect(list.slice().map(({ at }) => at)).toEqual(Array.from({ length: 10_000 }, (_, i) => i))
})

test('appending in order keeps chunks full', () => {
  const list = new SortedList<Item>(byAt)
  for (let i = 0; i < 4 * CHUNK_ITEMS_MAX; i++) list.insert(item(i))
  list.check()
  expect([...list.pieces()].map((piece) => piece.length)).toEqual(Array(4).fill(CHUNK_ITEMS_MAX))
})

test('a section is found by its first and last place, empty ones between their neighbours too', () => {
  const list = listOf(3_000)
  for (const [low, high] of [
    [-5, -1],
    [-5, 0],
    [0, 5_998],
    [999, 1_401],
    [1_000, 1_000],
    [1_001, 1_001],
    [5_998, 7_000],
    [6_000, 7_000],
  ] as const) {
    const section = ({ at }: Item): number => (at < low ? -1 : at > high ? 1 : 0)
    const from = list.first(section)
    const to = list.after(section, from)
    expect(list.after(section)).toBe(to)
    const expected = list.slice().filter(({ at }) => at >= low && at <= high)
    expect(list.slice(from, to)).toEqual(expected)
    expect(list.slice(from, to, 7)).toEqual(expected.slice(0, 7))
    expect(list.slice(from, to, 0)).toEqual([])
    expect([...list.pieces(from, to)].flat()).toEqual(expected)
  }
})

test('a slice is an array of its own', () => {
  const list = listOf(10)
  list.slice().length = 0
  expect(list.slice()).toHaveLength(10)
})

test('an item that lost its place is found by looking at all', () => {
  const lost = { at: 1_601, label: 'lost' }
  const list = listOf(1_000)
  list.insert(lost)
  lost.at = 5
  expect(list.remove(lost)).toBe(false)
  expect(list.removeObject(lost)).toBe(true)
  expect(list.removeObject(lost)).toBe(false)
  list.check()
})
