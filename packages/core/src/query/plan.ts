/**
 * Which declared index answers a query: the one whose first fields have an equality each, with
 * a range on the next at most, and whose remaining fields are the order asked for. Where no
 * index answers in full, the best one still narrows what must be looked at.
 *
 * A query without an order gets that of the index it uses, else order by id; so the order
 * follows from the declaration and the query alone, never from what is loaded or open.
 */
import type { Entity, SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type RowAccess, compareDirected, kindOf } from './compare.ts'
import { type Filter, type RangeTest, conjuncts, isRange } from './filter.ts'
import type { Section } from './sorted-list.ts'

export interface Plan {
  /** Name of the declared index to read; undefined: every row must be looked at. */
  readonly index: string | undefined
  /** How many fields of the index are fixed by an equality. */
  readonly fixed: number
  /** Bounds on the field after those. */
  readonly bounds: readonly RangeTest[]
  /** Whether every row of that stretch of the index matches. */
  readonly exact: boolean
  /** Whether the stretch stands in the order of the query. */
  readonly ordered: boolean
  /** The order of the query, without fields that cannot tell two matching rows apart. */
  readonly order: readonly SortKey[]
}

interface Tests {
  readonly eq: ReadonlyMap<string, unknown>
  readonly bounds: ReadonlyMap<string, readonly RangeTest[]>
  readonly count: number
}

/** Plans a query with this filter and order. */
export function planQuery(
  entity: Entity,
  filter: Filter,
  order: readonly SortKey[] | undefined,
): Plan {
  const tests = sortTests(filter)
  const wanted = order && telling(order, tests)
  let best: Plan | undefined
  for (const [name, keys] of entity.indexes) {
    const plan = planWith(name, keys, { tests, wanted })
    if (plan && (!best || isBetter(plan, best))) best = plan
  }
  return (
    best ?? {
      index: undefined,
      fixed: 0,
      bounds: [],
      exact: false,
      ordered: false,
      order: wanted ?? [],
    }
  )
}

function planWith(
  index: string,
  keys: readonly SortKey[],
  { tests, wanted }: { tests: Tests; wanted: readonly SortKey[] | undefined },
): Plan | undefined {
  let fixed = 0
  while (fixed < keys.length && tests.eq.has(keys[fixed]!.field)) fixed++
  const bounds = tests.bounds.get(keys[fixed]?.field ?? '') ?? []
  // An index may name a field twice; the equality on it is still one.
  const used = new Set(keys.slice(0, fixed).map(({ field }) => field)).size + bounds.length
  const rest = telling(keys.slice(fixed), tests)
  const ordered = wanted ? sameKeys(wanted, rest) : used > 0
  if (used === 0 && !ordered) return undefined
  return { index, fixed, bounds, exact: used === tests.count, ordered, order: wanted ?? rest }
}

/** An index that answers in full, else the one that narrows most; of equals, the first declared. */
function isBetter(a: Plan, b: Plan): boolean {
  const score = (plan: Plan): number =>
    (plan.exact && plan.ordered ? 1_000 : 0) +
    plan.fixed * 10 +
    (plan.bounds.length > 0 ? 2 : 0) +
    (plan.ordered ? 1 : 0)
  return score(a) > score(b)
}

function sortTests(filter: Filter): Tests {
  const eq = new Map<string, unknown>()
  const bounds = new Map<string, RangeTest[]>()
  const parts = conjuncts(filter)
  for (const part of parts) {
    if (part.op === 'eq') eq.set(part.field, part.value)
    else if (isRange(part)) {
      const list = bounds.get(part.field)
      if (list) list.push(part)
      else bounds.set(part.field, [part])
    }
  }
  return { eq, bounds, count: parts.length }
}

/** Without fields that an equality fixes, and without repetitions: neither can tell rows apart. */
function telling(keys: readonly SortKey[], tests: Tests): readonly SortKey[] {
  return keys.filter(
    ({ field }, at) =>
      !tests.eq.has(field) && keys.findIndex((other) => other.field === field) === at,
  )
}

function sameKeys(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return (
    a.length === b.length &&
    a.every((key, i) => key.field === b[i]!.field && key.descending === b[i]!.descending)
  )
}

/** Where the stretch of the plan lies in its index. */
export function sectionOf(
  keys: readonly SortKey[],
  plan: Plan,
  { filter, access }: { filter: Filter; access: RowAccess },
): Section<AnyRow> {
  const { eq } = sortTests(filter)
  const sides = keys.slice(0, plan.fixed).map((key) => fixedSide(key, eq.get(key.field), access))
  const bounded = keys[plan.fixed]
  if (bounded && plan.bounds.length > 0) sides.push(boundedSide(bounded, plan.bounds, access))
  const [first, ...more] = sides
  if (!first) return () => 0
  if (more.length === 0) return first
  return (entry) => {
    let side = first(entry)
    for (let i = 0; side === 0 && i < more.length; i++) side = more[i]!(entry)
    return side
  }
}

function fixedSide(
  { field, descending }: SortKey,
  value: unknown,
  access: RowAccess,
): Section<AnyRow> {
  const read = reader(field, access)
  return (entry) => compareDirected(read(entry), value, descending)
}

function boundedSide(
  { field, descending }: SortKey,
  bounds: readonly RangeTest[],
  access: RowAccess,
): Section<AnyRow> {
  const read = reader(field, access)
  const kind = kindOf(bounds[0]!.value)
  return (entry) => {
    const value = read(entry)
    // Another kind stands wholly before or after the kind of the bounds.
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
