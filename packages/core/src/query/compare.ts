/**
 * The order of rows: a total order on every value of a field, and comparators compiled once from
 * sort keys. Values of different kinds are ordered by kind, text by code unit; null and then
 * missing values sort last in both directions; ties go by id.
 *
 * Metadata (`$orderKey`, `$author` and so on) is always read from the true row, through
 * `RowAccess`; this file does not know why an entry can differ from its row.
 */
import { canonical } from '../base/canonical.ts'
import { type Json, jsonFault } from '../base/json.ts'
import type { SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'

export type Comparator = (a: AnyRow, b: AnyRow) => number

/** Compares two rows by the canonical order of their last change, or of their creation. */
export type CompareOrder = (a: AnyRow, b: AnyRow, which: 'last' | 'created') => number

/** Access of comparators and filters to the metadata of a row. */
export interface RowAccess {
  /** The true row of an entry: usually the entry. */
  readonly rowOf: (entry: AnyRow) => AnyRow
  readonly compareOrder: CompareOrder
}

/** Metadata that a query may name besides the fields of its type. */
export const META_FIELDS: ReadonlySet<string> = new Set([
  '$orderKey',
  '$createdOrderKey',
  '$timestamp',
  '$author',
  '$createdBy',
  '$state',
])

/** Canonical order by the text of the keys: correct, but it builds two strings for a comparison. */
export const compareOrderKeys: CompareOrder = (a, b, which) =>
  which === 'last'
    ? compareValues(a.$orderKey, b.$orderKey)
    : compareValues(a.$createdOrderKey, b.$createdOrderKey)

/** Access to rows without stand-ins. */
export const PLAIN_ACCESS: RowAccess = {
  rowOf: (entry) => entry,
  compareOrder: compareOrderKeys,
}

// The kinds in their order. Null and missing sort last: see `compareDirected`.
const BOOLEAN = 0
const NUMBER = 1
const STRING = 2
export const DATE = 3
const BIGINT = 4
const BYTES = 5
const DATA = 6
const NULL = 7
const MISSING = 8

/** The kind of a value, as a number: values of one kind are contiguous in every order. */
export function kindOf(value: unknown): number {
  switch (typeof value) {
    case 'boolean':
      return BOOLEAN
    case 'number':
      return NUMBER
    case 'string':
      return STRING
    case 'bigint':
      return BIGINT
    case 'object':
      if (value === null) return NULL
      return isMoment(value) ? DATE : value instanceof Uint8Array ? BYTES : DATA
    default:
      // A function comes from the prototype, where the row has no such field.
      return MISSING
  }
}

/** A point in time: a `Date` of any realm. */
export interface Moment {
  getTime(): number
}

/** Whether an object is a point in time, like `Date`: it has `getTime`. */
export function isMoment(value: object): value is Moment {
  return typeof (value as Partial<Moment>).getTime === 'function'
}

/** Whether `gt` and `lt` accept values of this kind. */
export function isRangeKind(kind: number): boolean {
  return kind <= BIGINT
}

/** The total order, ascending. 0 for equal values. */
export function compareValues(a: unknown, b: unknown): number {
  // Each comparison is behind a check of its types: a comparison of mixed types is far slower.
  if (typeof a === 'string') {
    if (typeof b === 'string') return a === b ? 0 : a < b ? -1 : 1
  } else if (typeof a === 'number' && typeof b === 'number') {
    if (a < b) return -1
    if (a > b) return 1
    if (a === b) return 0
  }
  return a === b ? 0 : compareSlowly(a, b)
}

/** The order of one sort key: descending reverses values, but null and missing sort last. */
export function compareDirected(a: unknown, b: unknown, descending: boolean): number {
  const order = compareValues(a, b)
  if (!descending || order === 0) return order
  return isAbsent(a) || isAbsent(b) ? order : -order
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'function'
}

function compareSlowly(a: unknown, b: unknown): number {
  const kind = kindOf(a)
  const other = kindOf(b)
  if (kind !== other) return kind - other
  switch (kind) {
    case BOOLEAN:
    case BIGINT:
      return (a as bigint) < (b as bigint) ? -1 : 1
    case NUMBER:
      // Only NaN comes here, which no schema accepts: it sorts after all numbers.
      return Number(Number.isNaN(a)) - Number(Number.isNaN(b))
    case DATE:
      return compareValues((a as Moment).getTime(), (b as Moment).getTime())
    case BYTES:
      return compareBytes(a as Uint8Array, b as Uint8Array)
    case DATA:
      return compareValues(dataText(a), dataText(b))
    default:
      return 0
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i]! - b[i]!
  }
  return a.length - b.length
}

/** Canonical text of an array or object; '' for a value that is not JSON (of an app's codec). */
function dataText(value: unknown): string {
  return jsonFault(value) === undefined ? canonical(value as Json) : ''
}

/** A comparator by these keys, ties by id. */
export function comparator(keys: readonly SortKey[], access: RowAccess = PLAIN_ACCESS): Comparator {
  const [first, second, ...more] = keys.map((key) => keyComparator(key, access))
  if (!first) return compareIds
  if (!second) return (a, b) => first(a, b) || compareIds(a, b)
  if (more.length === 0) return (a, b) => first(a, b) || second(a, b) || compareIds(a, b)
  return (a, b) => {
    let order = first(a, b) || second(a, b)
    for (let i = 0; order === 0 && i < more.length; i++) order = more[i]!(a, b)
    return order || compareIds(a, b)
  }
}

function compareIds(a: AnyRow, b: AnyRow): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

function keyComparator({ field, descending }: SortKey, access: RowAccess): Comparator {
  const { rowOf, compareOrder } = access
  if (field === '$orderKey' || field === '$createdOrderKey') {
    const which = field === '$orderKey' ? 'last' : 'created'
    return descending
      ? (a, b) => compareOrder(rowOf(b), rowOf(a), which)
      : (a, b) => compareOrder(rowOf(a), rowOf(b), which)
  }
  if (field.startsWith('$')) {
    return (a, b) => compareDirected(rowOf(a)[field], rowOf(b)[field], descending)
  }
  return descending
    ? (a, b) => compareDirected(a[field], b[field], true)
    : (a, b) => compareValues(a[field], b[field])
}
