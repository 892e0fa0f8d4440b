/**
 * Sorts many rows at once: a bulk load, or the result of a scan. A pairwise sort reads each row
 * some seventeen times from random memory; this reads each field once. Rows with few distinct
 * values in a field are grouped, others sorted by a column. The result equals
 * `rows.sort(comparator(keys))`.
 */
import type { SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type Comparator, compareDirected } from './compare.ts'

/** Up to this number, rows are sorted pairwise. */
const PLAIN_ROWS_MAX = 64
/** Up to this limit, the first rows are selected by insertion; beyond it, all are sorted. */
export const PICKED_ROWS_MAX = 1_024

export interface RowOrder {
  readonly keys: readonly SortKey[]
  /** The comparator of these keys. */
  readonly compare: Comparator
}

/** The rows in order. May sort in place: do not use the given array afterwards. */
export function sortRows(rows: AnyRow[], order: RowOrder): AnyRow[] {
  return sortFrom(rows, 0, order)
}

/** Sorts rows that are equal in all previous keys. */
function sortFrom(rows: AnyRow[], keyAt: number, order: RowOrder): AnyRow[] {
  const key = order.keys[keyAt]
  // Metadata is sorted by the comparator, which has a faster way.
  if (!key || rows.length <= PLAIN_ROWS_MAX || key.field.startsWith('$')) {
    return rows.sort(order.compare)
  }
  const groups = groupBy(rows, key.field)
  if (!groups) return sortByColumn(rows, key, order)
  const sorted = [...groups].sort(([a], [b]) => compareDirected(a, b, key.descending))
  return sorted.flatMap(([, group]) => sortFrom(group, keyAt + 1, order))
}

/**
 * Groups rows by their value of the field; undefined for too many values, or values not equal by
 * `===`.
 */
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

/** The first `countMax` in order. Cheap while the count is small. */
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
