/**
 * Sorts many rows at once: a bulk load, the answer of a scan. Comparing rows pairwise reads
 * each row some seventeen times from all over the memory; this reads each field once. Rows
 * with few different values in a field are dealt into groups, others sorted by a column.
 * The result is that of `rows.sort(comparator(keys))`.
 */
import type { SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type Comparator, compareDirected } from './compare.ts'

/** Fewer rows than this are sorted plainly. */
const PLAIN_ROWS_MAX = 64

export interface RowOrder {
  readonly keys: readonly SortKey[]
  /** The comparator of these keys. */
  readonly compare: Comparator
}

/** The rows in order. Sorts in place where that is best: the array given is used up. */
export function sortRows(rows: AnyRow[], order: RowOrder): AnyRow[] {
  return sortFrom(rows, 0, order)
}

/** Sorts rows that are equal in all keys before this one. */
function sortFrom(rows: AnyRow[], keyAt: number, order: RowOrder): AnyRow[] {
  const key = order.keys[keyAt]
  // What a row says of itself is compared by the comparator, which knows a faster way.
  if (!key || rows.length <= PLAIN_ROWS_MAX || key.field.startsWith('$')) {
    return rows.sort(order.compare)
  }
  const groups = groupBy(rows, key.field)
  if (!groups) return sortByColumn(rows, key, order)
  const sorted = [...groups].sort(([a], [b]) => compareDirected(a, b, key.descending))
  return sorted.flatMap(([, group]) => sortFrom(group, keyAt + 1, order))
}

/** Rows by their value of the field; undefined where there are too many values, or values that `===` cannot tell. */
function groupBy(rows: readonly AnyRow[], field: string): Map<unknown, AnyRow[]> | undefined {
  const groups = new Map<unknown, AnyRow[]>()
  const groupsMax = 32 + (rows.length >>> 6)
  for (const row of rows) {
    const value = row[field]
    const group = groups.get(value)
    if (group) {
      group.push(row)
      continue
    }
    if (groups.size === groupsMax) return undefined
    if (typeof value === 'function' || (typeof value === 'object' && value !== null))
      return undefined
    groups.set(value, [row])
  }
  return groups
}

function sortByColumn(
  rows: AnyRow[],
  { field, descending }: SortKey,
  { compare }: RowOrder,
): AnyRow[] {
  const places = rows.map((_, place) => place)
  const column = rows.map((row) => row[field])
  const numbers = column.every((value) => typeof value === 'number')
    ? Float64Array.from(column)
    : undefined
  if (numbers) {
    const sign = descending ? -1 : 1
    places.sort((a, b) => sign * (numbers[a]! - numbers[b]!) || compare(rows[a]!, rows[b]!))
  } else {
    places.sort(
      (a, b) => compareDirected(column[a], column[b], descending) || compare(rows[a]!, rows[b]!),
    )
  }
  return places.map((place) => rows[place]!)
}

/** The first `countMax` of the order, sorted. Cheap while the count is small. */
export function firstRows(
  rows: readonly AnyRow[],
  countMax: number,
  compare: Comparator,
): AnyRow[] {
  const first: AnyRow[] = []
  for (const row of rows) {
    if (first.length === countMax) {
      if (countMax === 0 || compare(row, first[countMax - 1]!) >= 0) continue
      first.pop()
    }
    let low = 0
    let high = first.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compare(first[middle]!, row) < 0) low = middle + 1
      else high = middle
    }
    first.splice(low, 0, row)
  }
  return first
}
