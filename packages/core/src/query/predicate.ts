/**
 * Compiles a filter (normal form of `where`, filter.ts) to a function of a row. Equality is by
 * value, a bound matches only values of its own kind, and a missing value matches only
 * `undefined`.
 */
import { unreachable } from '../base/assert.ts'
import type { AnyRow } from '../schema/types.ts'
import { PLAIN_ACCESS, type RowAccess, compareValues, kindOf } from './compare.ts'
import type { Filter, RangeTest } from './filter.ts'

export type Predicate = (entry: AnyRow) => boolean

type ValueTest = (value: unknown) => boolean

/** Maximum values of an `in` that are compared one by one. */
const IN_SCAN_MAX = 4

/** A function that returns whether a row matches, compiled once for each query. */
export function compilePredicate(filter: Filter, access: RowAccess = PLAIN_ACCESS): Predicate {
  switch (filter.op) {
    case 'and':
      return every(filter.parts.map((part) => compilePredicate(part, access)))
    case 'or':
      return any(filter.parts.map((part) => compilePredicate(part, access)))
    case 'eq':
      return onField(filter.field, equals(filter.value), access)
    case 'in':
      return onField(filter.field, oneOf(filter.values), access)
    case 'gt':
    case 'gte':
    case 'lt':
    case 'lte':
      return onField(filter.field, beyond(filter), access)
    default:
      return unreachable(filter)
  }
}

function onField(field: string, test: ValueTest, access: RowAccess): Predicate {
  if (!field.startsWith('$')) return (entry) => test(entry[field])
  const { rowOf } = access
  return (entry) => test(rowOf(entry)[field])
}

function every(parts: readonly Predicate[]): Predicate {
  const [first, second] = parts
  if (!first) return () => true
  if (second && parts.length === 2) return (entry) => first(entry) && second(entry)
  return (entry) => parts.every((part) => part(entry))
}

function any(parts: readonly Predicate[]): Predicate {
  return (entry) => parts.some((part) => part(entry))
}

function equals(wanted: unknown): ValueTest {
  if (isPrimitive(wanted)) return (value) => value === wanted
  return (value) => compareValues(value, wanted) === 0
}

/** Whether `===` decides equality. Not for missing: the prototype may have a value. */
function isPrimitive(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && value !== undefined)
}

function oneOf(values: readonly unknown[]): ValueTest {
  if (values.length > IN_SCAN_MAX && values.every(isPrimitive)) {
    const set = new Set(values)
    return (value) => set.has(value)
  }
  const tests = values.map(equals)
  return (value) => tests.some((test) => test(value))
}

function beyond({ op, value: bound }: RangeTest): ValueTest {
  const kind = kindOf(bound)
  switch (op) {
    case 'gt':
      return (value) => kindOf(value) === kind && compareValues(value, bound) > 0
    case 'gte':
      return (value) => kindOf(value) === kind && compareValues(value, bound) >= 0
    case 'lt':
      return (value) => kindOf(value) === kind && compareValues(value, bound) < 0
    case 'lte':
      return (value) => kindOf(value) === kind && compareValues(value, bound) <= 0
    default:
      return unreachable(op)
  }
}
