/**
 * What a query means, by looking at every row: the measure of indexes and live queries (S15).
 * Written from PROTOCOL 14 and the documentation of `Query`, without a line of core's engine.
 */
import type { AnyRow, Entity, Query } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'

/** The rows of the query among all rows, archived ones too, in its order. */
export function scan(all: readonly AnyRow[], query: Query<Entity>): AnyRow[] {
  const { where = {}, orderBy = [], limit = Infinity, archived = 'exclude' } = query
  const found = all.filter((row) => {
    if (archived !== 'include' && row.$archived !== (archived === 'only')) return false
    return matches(row, where as Conditions)
  })
  return found.sort((a, b) => compare(a, b, orderBy as readonly string[])).slice(0, limit)
}

interface Conditions {
  readonly and?: readonly Conditions[]
  readonly or?: readonly Conditions[]
  readonly [field: string]: unknown
}

function matches(row: AnyRow, { and, or, ...fields }: Conditions): boolean {
  if (and && !and.every((part) => matches(row, part))) return false
  if (or && !or.some((part) => matches(row, part))) return false
  return Object.entries(fields).every(([field, condition]) => holds(row[field], condition))
}

function holds(value: unknown, condition: unknown): boolean {
  if (typeof condition !== 'object' || condition === null || Array.isArray(condition)) {
    return isDeepStrictEqual(value, condition)
  }
  return Object.entries(condition).every(([operator, operand]) => {
    switch (operator) {
      case 'eq':
        return isDeepStrictEqual(value, operand)
      case 'in':
        return (operand as readonly unknown[]).some((one) => isDeepStrictEqual(value, one))
      case 'gt':
        return isComparable(value, operand) && value > operand
      case 'gte':
        return isComparable(value, operand) && value >= operand
      case 'lt':
        return isComparable(value, operand) && value < operand
      case 'lte':
        return isComparable(value, operand) && value <= operand
      default:
        throw new Error(`no such operator: ${operator}`)
    }
  })
}

function isComparable<T extends number | string>(value: unknown, operand: T): value is T
function isComparable(value: unknown, operand: unknown): value is number
function isComparable(value: unknown, operand: unknown): boolean {
  return typeof value === typeof operand && value !== null
}

/** Missing values last in both directions, ties by id. */
function compare(a: AnyRow, b: AnyRow, orderBy: readonly string[]): number {
  for (const key of orderBy) {
    const descending = key.startsWith('-')
    const field = descending ? key.slice(1) : key
    const [left, right] = [a[field], b[field]]
    if (left === right) continue
    if (left === undefined) return 1
    if (right === undefined) return -1
    const order = (left as number) < (right as number) ? -1 : 1
    return descending ? -order : order
  }
  return a.id < b.id ? -1 : 1
}
