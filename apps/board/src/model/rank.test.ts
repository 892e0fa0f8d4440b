import { describe, expect, test } from 'vitest'
import { type Ranked, isRank, placeAt, ranksBelow } from './rank.ts'

const sorted = (rows: readonly Ranked[]): Ranked[] =>
  [...rows].sort((a, b) => compare(a.rank, b.rank) || compare(a.id, b.id))

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The ids in the order that a screen shows after the placement was written. */
function after(column: readonly Ranked[], index: number): string[] {
  const { rank, also } = placeAt(column, index)
  const changed = new Map(also.map((row) => [row.id, row.rank]))
  const rest = column.map((row) => ({ ...row, rank: changed.get(row.id) ?? row.rank }))
  return sorted([...rest, { id: 'new', rank }]).map((row) => row.id)
}

function expected(column: readonly Ranked[], index: number): string[] {
  return column.map((row) => row.id).toSpliced(index, 0, 'new')
}

describe('rank', () => {
  test('an empty column takes its first card', () => {
    expect(placeAt([], 0)).toEqual({ rank: 'a0', also: [] })
  })

  test('a card lands at each place and writes no other row', () => {
    const column = ['a0', 'a1', 'a2'].map((rank, at) => ({ id: `${at}`, rank }))
    for (const index of [0, 1, 2, 3]) {
      expect(after(column, index)).toEqual(expected(column, index))
      expect(placeAt(column, index).also).toEqual([])
    }
  })

  test('equal keys are opened where a card is dropped between them', () => {
    const keys = ['a0', 'a1', 'a1', 'a1', 'a2']
    const column = keys.map((rank, at) => ({ id: `${at}`, rank }))
    for (const index of [0, 1, 2, 3, 4, 5]) {
      expect(after(column, index)).toEqual(expected(column, index))
    }
    expect(placeAt(column, 2).also.map((row) => row.id)).toEqual(['2', '3'])
    expect(placeAt(column, 4).also).toEqual([])
  })

  test('a column of nothing but equal keys can be sorted', () => {
    const column = ['a', 'b', 'c', 'd'].map((id) => ({ id, rank: 'a0' }))
    expect(after(column, 2)).toEqual(['a', 'b', 'new', 'c', 'd'])
    expect(after(column, 4)).toEqual(['a', 'b', 'c', 'd', 'new'])
  })

  test('keys that are no order keys are passed over, never thrown at', () => {
    const column = sorted(
      ['', '!!', 'a0', 'a00', 'zz', '🙂'].map((rank, at) => ({ id: `${at}`, rank })),
    )
    for (let index = 0; index <= column.length; index++) {
      const { rank, also } = placeAt(column, index)
      expect(isRank(rank)).toBe(true)
      expect(also).toEqual([])
    }
  })

  test('many cards go below the last', () => {
    const keys = ranksBelow([{ id: '1', rank: 'a4' }], 3)
    expect([...keys].sort()).toEqual(keys)
    expect(keys[0]! > 'a4').toBe(true)
    expect(ranksBelow([], 2)).toEqual(['a0', 'a1'])
  })
})
