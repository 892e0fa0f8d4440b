/**
 * The result of a query, computed by reading every row, with which indexes and live queries are compared (S15).
 * Written from PROTOCOL 14 and the documentation of `Query`, without a line of core's engine.
 *
 * A row in conflict is found under every value it could come to: where it matches as it is
 * shown, it stands by that; otherwise by the first combination of its candidates that matches.
 */
import type { AnyRow, Entity, Query } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'

/** The rows of the query among all rows, archived ones too, in its order. */
export function scan(all: readonly AnyRow[], query: Query<Entity>): AnyRow[] {
  const { where = {}, orderBy = [], limit = Infinity, archived = 'exclude' } = query
  const found = all.flatMap((row) => {
    if (archived !== 'include' && row.$archived !== (archived === 'only')) return []
    return facesOf(row).find((face) => matches(face, where as Conditions)) ?? []
  })
  return found
    .sort((a, b) => compare(a, b, orderBy as readonly string[]))
    .slice(0, limit)
    .map(({ row }) => row)
}

/** A row with some of its fields as other candidates have them. */
interface Face {
  readonly row: AnyRow
  readonly fields: Readonly<Record<string, unknown>>
}

/** Maximum combinations of candidates that are tried. */
const FACES_MAX = 64

/** The row as it is shown, then with other candidates in its place: the later fields vary slowest. */
function facesOf(row: AnyRow): Face[] {
  let others: Face['fields'][] = [{}]
  for (const [field, { candidates }] of Object.entries(row.$conflicts)) {
    if (field === '$archived') continue
    others = candidates
      .flatMap(({ value }) => others.map((fields) => ({ ...fields, [field]: value })))
      .slice(0, FACES_MAX)
  }
  return [{ row, fields: {} }, ...others.map((fields) => ({ row, fields }))]
}

function valueOf({ row, fields }: Face, field: string): unknown {
  return field in fields ? fields[field] : row[field]
}

interface Conditions {
  readonly and?: readonly Conditions[]
  readonly or?: readonly Conditions[]
  readonly [field: string]: unknown
}

function matches(face: Face, { and, or, ...fields }: Conditions): boolean {
  if (and && !and.every((part) => matches(face, part))) return false
  if (or && !or.some((part) => matches(face, part))) return false
  return Object.entries(fields).every(([field, condition]) =>
    holds(valueOf(face, field), condition),
  )
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
function compare(a: Face, b: Face, orderBy: readonly string[]): number {
  for (const key of orderBy) {
    const descending = key.startsWith('-')
    const field = descending ? key.slice(1) : key
    const [left, right] = [valueOf(a, field), valueOf(b, field)]
    if (left === right) continue
    if (left === undefined) return 1
    if (right === undefined) return -1
    const order = orderOf(left, right)
    if (order === 0) continue
    return descending ? -order : order
  }
  return a.row.id < b.row.id ? -1 : 1
}

/** Of different kinds by kind; what a version cannot read stands after all else, in no order. */
function orderOf(left: unknown, right: unknown): number {
  const [a, b] = [KINDS.indexOf(typeof left), KINDS.indexOf(typeof right)]
  if (a !== b) return a - b
  if (typeof left === 'object') return 0
  return (left as number) < (right as number) ? -1 : 1
}

const KINDS: readonly string[] = ['boolean', 'number', 'string', 'object']
