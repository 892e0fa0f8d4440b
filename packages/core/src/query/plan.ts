/**
 * Chooses the declared index for a query: one whose first fields have an equality each, with at
 * most a range on the next field, and whose remaining fields are the requested order. If no index
 * is exact, the best one still reduces the rows to filter.
 *
 * A query without an order gets that of its index, else order by id; so the order depends on the
 * declaration and the query only, never on loaded rows or open queries.
 */
import type { Entity, SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type RowAccess, compareDirected, compareValues, kindOf } from './compare.ts'
import { type EqTest, type Filter, type RangeTest, conjuncts, isRange } from './filter.ts'
import type { Section } from './sorted-list.ts'

export interface Plan {
  /** Name of the declared index to read; undefined: a scan of all rows. */
  readonly index: string | undefined
  /** The values of the equalities on the first fields of the index. */
  readonly fixed: readonly unknown[]
  /** Bounds on the next field. */
  readonly bounds: readonly RangeTest[]
  /** Whether every row of that section of the index matches. */
  readonly exact: boolean
  /** Whether the section is in the order of the query. */
  readonly ordered: boolean
  /** The order of the query, without fields that are equal in all matching rows. */
  readonly order: readonly SortKey[]
}

interface Asked {
  /** The conditions of which all must hold. */
  readonly tests: readonly Filter[]
  readonly order: readonly SortKey[] | undefined
}

/** Plans a query with this filter and order. */
export function planQuery(
  entity: Entity,
  filter: Filter,
  order: readonly SortKey[] | undefined,
): Plan {
  const tests = conjuncts(filter)
  const asked: Asked = { tests, order: order && withoutConstant(order, tests) }
  let best: Plan | undefined
  for (const [name, keys] of entity.indexes) {
    const plan = planWith(name, keys, asked)
    if (plan && (!best || scoreOf(plan) > scoreOf(best))) best = plan
  }
  return best ?? scan(asked.order ?? [])
}

function scan(order: readonly SortKey[]): Plan {
  return { index: undefined, fixed: [], bounds: [], exact: false, ordered: false, order }
}

/** The plan with this index; undefined: the index neither filters nor sorts. */
function planWith(
  index: string,
  keys: readonly SortKey[],
  { tests, order }: Asked,
): Plan | undefined {
  const fixed: unknown[] = []
  let used = 0
  for (const { field } of keys) {
    const test = equalityOn(field, tests)
    if (!test) break
    fixed.push(test.value)
    // An index may name a field twice; the equality on it counts once.
    if (fixed.length === 1 || !hasField(keys.slice(0, fixed.length - 1), field)) used++
  }
  const bounds = boundsOn(keys[fixed.length]?.field, tests)
  used += bounds.length
  if (used === 0 && (!order || order[0]?.field !== keys[0]?.field)) return undefined
  const rest = withoutConstant(keys, tests)
  const ordered = !order || sameKeys(order, rest)
  if (used === 0 && !ordered) return undefined
  return { index, fixed, bounds, exact: used === tests.length, ordered, order: order ?? rest }
}

/** Prefers an exact index, else the one that filters most; of equals, the first declared. */
function scoreOf({ exact, ordered, fixed, bounds }: Plan): number {
  const full = exact && ordered ? 1_000 : 0
  return full + fixed.length * 10 + (bounds.length > 0 ? 2 : 0) + (ordered ? 1 : 0)
}

function boundsOn(field: string | undefined, tests: readonly Filter[]): readonly RangeTest[] {
  const bounds: RangeTest[] = []
  for (const test of tests) if (isRange(test) && test.field === field) bounds.push(test)
  return bounds
}

function equalityOn(field: string, tests: readonly Filter[]): EqTest | undefined {
  for (const test of tests) if (test.op === 'eq' && test.field === field) return test
  return undefined
}

/** Removes fields that an equality fixes, and duplicates: they do not affect the order. */
function withoutConstant(keys: readonly SortKey[], tests: readonly Filter[]): readonly SortKey[] {
  const kept: SortKey[] = []
  for (const key of keys) {
    if (!equalityOn(key.field, tests) && !hasField(kept, key.field)) kept.push(key)
  }
  return kept
}

function hasField(keys: readonly SortKey[], field: string): boolean {
  for (const key of keys) if (key.field === field) return true
  return false
}

function sameKeys(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return (
    a.length === b.length &&
    a.every((key, i) => key.field === b[i]!.field && key.descending === b[i]!.descending)
  )
}

/** The section of the index that the plan reads. */
export function sectionOf(
  keys: readonly SortKey[],
  { fixed, bounds }: Plan,
  access: RowAccess,
): Section<AnyRow> {
  const sides = fixed.map((value, at) => fixedSide(keys[at]!, value, access))
  const bounded = keys[fixed.length]
  if (bounded && bounds.length > 0) sides.push(boundedSide(bounded, bounds, access))
  const [first, second] = sides
  if (!first) return () => 0
  if (!second) return first
  if (sides.length === 2) return (entry) => first(entry) || second(entry)
  return (entry) => {
    let side = first(entry) || second(entry)
    for (let i = 2; side === 0 && i < sides.length; i++) side = sides[i]!(entry)
    return side
  }
}

function fixedSide(
  { field, descending }: SortKey,
  value: unknown,
  access: RowAccess,
): Section<AnyRow> {
  if (descending || field.startsWith('$')) {
    const read = reader(field, access)
    return (entry) => compareDirected(read(entry), value, descending)
  }
  return (entry) => compareValues(entry[field], value)
}

function boundedSide(
  { field, descending }: SortKey,
  bounds: readonly RangeTest[],
  access: RowAccess,
): Section<AnyRow> {
  const read = reader(field, access)
  // There is at least one bound.
  const kind = kindOf(bounds[0]!.value)
  return (entry) => {
    const value = read(entry)
    // Values of another kind are all before or all after the kind of the bounds.
    if (kindOf(value) !== kind) return compareDirected(value, bounds[0]!.value, descending)
    for (const { op, value: bound } of bounds) {
      const order = compareDirected(value, bound, false)
      const low = op === 'gt' || op === 'gte'
      const out = low
        ? order < 0 || (op === 'gt' && order === 0)
        : order > 0 || (op === 'lt' && order === 0)
      if (out) return low !== descending ? -1 : 1
    }
    return 0
  }
}

function reader(field: string, { rowOf }: RowAccess): (entry: AnyRow) => unknown {
  return field.startsWith('$') ? (entry) => rowOf(entry)[field] : (entry) => entry[field]
}
