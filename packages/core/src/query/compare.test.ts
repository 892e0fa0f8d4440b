/** The order of values and rows: laws by random values, and edge cases. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSortKey } from '../schema/entity.ts'
import { comparator, compareDirected, compareValues } from './compare.ts'
import { fakeRow, standIn } from './fake-rows.ts'

const value = fc.oneof(
  fc.constantFrom(undefined, null, true, false, 0, -0, '', 'a', 'b', 1n, -1n),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.bigInt(),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 3 }),
  fc.array(fc.integer({ max: 3, min: 0 }), { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ max: 2, min: 0 })),
)

test('PROTOCOL 22: values have a total order, in both directions', () => {
  fc.assert(
    fc.property(value, value, value, fc.boolean(), (a, b, c, descending) => {
      const order = (x: unknown, y: unknown): number => Math.sign(compareDirected(x, y, descending))
      expect(order(a, a)).toBe(0)
      expect(order(a, b)).toBe(0 - order(b, a))
      if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0)
      if (order(a, b) === 0) expect(order(a, c)).toBe(order(b, c))
    }),
    { numRuns: 3_000 },
  )
})

const LADDER = [
  false,
  true,
  -Infinity,
  -1,
  0,
  2,
  10,
  '',
  '10',
  'Z',
  'a',
  'ab',
  '\u{1f600}',
  '\uffff',
  new Date(0),
  new Date(1),
  -5n,
  3n,
  new Uint8Array([1]),
  new Uint8Array([1, 0]),
  new Uint8Array([2]),
  [1],
  { a: 1 },
]

test('PROTOCOL 22: kinds sort in their order, text by code unit, null and missing last', () => {
  const ascending = [...LADDER, null, undefined]
  const shuffled = ascending.map((_, i) => ascending[(i * 7) % ascending.length])
  // Array.sort puts undefined last by itself, so the values are wrapped.
  const sorted = (descending: boolean): unknown[] =>
    shuffled
      .map((one) => [one])
      .sort(([a], [b]) => compareDirected(a, b, descending))
      .map(([one]) => one)
  expect(sorted(false)).toEqual(ascending)
  expect(sorted(true)).toEqual([...LADDER.toReversed(), null, undefined])
})

test('PROTOCOL 22: equal in meaning is equal in order', () => {
  expect(compareValues({ a: 1, b: [2] }, { b: [2], a: 1 })).toBe(0)
  expect(compareValues(new Date(5), new Date(5))).toBe(0)
  expect(compareValues(0, -0)).toBe(0)
  expect(compareValues(1, 1n)).not.toBe(0)
})

test('PROTOCOL 22: ties go by id, whatever the direction', () => {
  const [a, b] = [fakeRow('a', { n: 1 }), fakeRow('b', { n: 1 })]
  for (const key of ['n', '-n', '$orderKey', '-$orderKey', '-$author']) {
    expect(comparator([parseSortKey(key)])(a, b)).toBeLessThan(0)
    expect(comparator([parseSortKey(key)])(a, a)).toBe(0)
  }
})

test('a field that only the prototype has is missing', () => {
  const [with_, without] = [fakeRow('a', { toString: 'z' }), fakeRow('b', {})]
  expect(comparator([parseSortKey('toString')])(with_, without)).toBeLessThan(0)
  expect(comparator([parseSortKey('-toString')])(with_, without)).toBeLessThan(0)
})

test('canonical order is compared by the injected function, on true rows', () => {
  const row = fakeRow('a', {}, { order: 1, created: 9 })
  const other = fakeRow('b', {}, { order: 2, created: 8 })
  const asked: string[] = []
  const compare = comparator([parseSortKey('$orderKey'), parseSortKey('-$createdOrderKey')], {
    rowOf: (entry) => (entry === row || entry === other ? entry : row),
    compareOrder: (a, b, which) => {
      asked.push(`${which} ${a.id} ${b.id}`)
      return 0
    },
  })
  expect(compare(standIn(row, {}), other)).toBeLessThan(0)
  expect(asked).toEqual(['last a b', 'created b a'])
})
