/**
 * Parses `where` of the app to one normal form: validated, copied, flattened, sorted. Conditions of
 * equal meaning result in filters with equal keys. `predicate.ts` compiles a filter to a function.
 */
import { toBase64url } from '../base/bytes.ts'
import { canonical } from '../base/canonical.ts'
import { type Json, frozenJson, jsonFault } from '../base/json.ts'
import { compareText } from '../base/uuid.ts'
import { CountersignError } from '../base/outcome.ts'
import type { Entity } from '../schema/entity.ts'
import {
  DATE,
  META_FIELDS,
  type Moment,
  compareValues,
  isMoment,
  isRangeKind,
  kindOf,
} from './compare.ts'

export type RangeOp = 'gt' | 'gte' | 'lt' | 'lte'

export interface EqTest {
  readonly op: 'eq'
  readonly field: string
  /** undefined: the field is missing. */
  readonly value: unknown
  readonly key: string
}

export interface InTest {
  readonly op: 'in'
  readonly field: string
  readonly values: readonly unknown[]
  readonly key: string
}

export interface RangeTest {
  readonly op: RangeOp
  readonly field: string
  readonly value: unknown
  readonly key: string
}

export interface Group {
  /** `and` of nothing matches everything, `or` of nothing matches nothing. */
  readonly op: 'and' | 'or'
  readonly parts: readonly Filter[]
  readonly key: string
}

/** A condition in normal form. Equal keys mean equal filters. */
export type Filter = EqTest | InTest | RangeTest | Group

export const WHERE_DEPTH_MAX = 16
export const WHERE_TESTS_MAX = 1_024
export const IN_VALUES_MAX = 4_096

export const EVERYTHING: Filter = { op: 'and', parts: [], key: 'and()' }
export const NOTHING: Filter = { op: 'or', parts: [], key: 'or()' }

/** A condition on one field. Its key is made on first use: most one-shot queries need none. */
class FieldTest<Op extends 'eq' | RangeOp> {
  readonly op: Op
  readonly field: string
  readonly value: unknown
  #key: string | undefined

  constructor(op: Op, field: string, value: unknown) {
    this.op = op
    this.field = field
    this.value = value
  }

  get key(): string {
    return (this.#key ??= keyOf(this.op, this.field, valueKey(this.value)))
  }
}

/** Whether a filter matches nothing whatever the rows. */
export function isNothing(filter: Filter): boolean {
  return filter.op === 'or' && filter.parts.length === 0
}

/** Whether a filter is a bound of a range. */
export function isRange(filter: Filter): filter is RangeTest {
  return filter.op === 'gt' || filter.op === 'gte' || filter.op === 'lt' || filter.op === 'lte'
}

/** The conditions of which all must hold. */
export function conjuncts(filter: Filter): readonly Filter[] {
  return filter.op === 'and' ? filter.parts : [filter]
}

/** Throws `invalid`, with type, field and reason. */
export function refuse(entity: Entity, field: string | undefined, reason: string): never {
  const at = field === undefined ? '' : ` ${field}:`
  throw new CountersignError('invalid', `query of ${entity.name}:${at} ${reason}`, {
    entity: entity.name,
    ...(field !== undefined && { field }),
    reason,
  })
}

/** Whether a query of the type may name this field. */
export function isQueryable(entity: Entity, field: string): boolean {
  return META_FIELDS.has(field) || entity.fieldOf(field) !== undefined
}

/**
 * Parses `where`. The result shares no objects with the input.
 * @throws CountersignError `invalid`
 */
export function readWhere(entity: Entity, where: unknown): Filter {
  if (where === undefined) return EVERYTHING
  let tests = 0
  const countTests = (more: number): void => {
    tests += more
    if (tests > WHERE_TESTS_MAX)
      refuse(entity, undefined, `more than ${WHERE_TESTS_MAX} conditions`)
  }

  const readAll = (given: unknown, depth: number): Filter => {
    if (depth > WHERE_DEPTH_MAX) refuse(entity, undefined, `nested deeper than ${WHERE_DEPTH_MAX}`)
    countTests(1)
    if (!isPlainObject(given)) refuse(entity, undefined, 'where must be an object of conditions')
    const parts: Filter[] = []
    for (const name of Object.keys(given)) {
      const value = given[name]
      if (name === 'and' || name === 'or') {
        if (!Array.isArray(value)) refuse(entity, name, `${name} takes a list of conditions`)
        const read = Array.from(value, (part) => readAll(part, depth + 1))
        parts.push(name === 'and' ? all(read) : some(read))
        continue
      }
      if (!isQueryable(entity, name)) refuse(entity, name, 'the type has no such field')
      for (const test of readCondition(entity, name, value)) parts.push(test)
    }
    countTests(parts.length)
    return all(parts)
  }

  return readAll(where, 1)
}

function readCondition(entity: Entity, field: string, given: unknown): Filter[] {
  if (typeof given !== 'object') return [equal(entity, field, given)]
  const names = isPlainObject(given) ? Object.keys(given) : undefined
  const operators = names?.filter((name) => OPERATORS.has(name)) ?? []
  if (!names || (names.length > 0 && operators.length === 0)) return [equal(entity, field, given)]
  if (operators.length < names.length || names.length === 0) {
    refuse(
      entity,
      field,
      'a condition has only eq, in, gt, gte, lt, lte; for an object write {eq: ...}',
    )
  }
  return operators.map((op) => readOperator(entity, field, [op, (given as PlainObject)[op]]))
}

const OPERATORS: ReadonlySet<string> = new Set(['eq', 'in', 'gt', 'gte', 'lt', 'lte'])

function readOperator(entity: Entity, field: string, [op, given]: [string, unknown]): Filter {
  if (op === 'eq') return equal(entity, field, given)
  if (op !== 'in') {
    const value = readValue(entity, field, given)
    if (!isRangeKind(kindOf(value))) refuse(entity, field, `${op} takes an ordered value`)
    return new FieldTest(op as RangeOp, field, value)
  }
  if (!Array.isArray(given)) refuse(entity, field, 'in takes a list')
  if (given.length > IN_VALUES_MAX)
    refuse(entity, field, `in takes at most ${IN_VALUES_MAX} values`)
  const byKey = new Map<string, unknown>()
  for (const one of given) {
    const value = readValue(entity, field, one)
    byKey.set(valueKey(value), value)
  }
  const keys = [...byKey.keys()].sort()
  const values = keys.map((key) => byKey.get(key))
  if (values.length === 0) return NOTHING
  if (values.length === 1) return new FieldTest('eq', field, values[0])
  return { op: 'in', field, values, key: keyOf('in', field, keys.join()) }
}

function equal(entity: Entity, field: string, given: unknown): EqTest {
  return new FieldTest('eq', field, readValue(entity, field, given))
}

/** A copy of a value to compare with. */
function readValue(entity: Entity, field: string, given: unknown): unknown {
  if (given === undefined || typeof given === 'bigint') return given
  const kind = kindOf(given)
  if (kind === DATE) {
    const time = (given as Moment).getTime()
    if (!Number.isFinite(time)) refuse(entity, field, 'not a valid Date')
    return Object.freeze<Moment>({ getTime: () => time })
  }
  if (given instanceof Uint8Array) return given.slice()
  const fault = jsonFault(given)
  if (fault !== undefined) refuse(entity, field, fault)
  return Object.is(given, -0) ? 0 : frozenJson(given as Json)
}

/** A text of the value: equal exactly for values of equal meaning. */
function valueKey(value: unknown): string {
  if (value === undefined) return 'none'
  if (typeof value === 'bigint') return `${value}n`
  if (kindOf(value) === DATE) return `d${(value as Moment).getTime()}`
  if (value instanceof Uint8Array) return `b${toBase64url(value)}.`
  return canonical(value as Json)
}

function keyOf(op: string, field: string, values: string): string {
  return `${op}(${JSON.stringify(field)},${values})`
}

/** The conjunction of filters. */
function all(parts: readonly Filter[]): Filter {
  if (parts.length === 1) return parts[0]!
  const flat = flattened('and', parts)
  const tight = flat.length < 2 ? flat : tightened(flat)
  return tight ? group('and', tight) : NOTHING
}

/** The disjunction of filters. */
function some(parts: readonly Filter[]): Filter {
  const flat = flattened('or', parts)
  return flat.some((part) => part.key === EVERYTHING.key) ? EVERYTHING : group('or', flat)
}

function flattened(op: 'and' | 'or', parts: readonly Filter[]): readonly Filter[] {
  if (!parts.some((part) => part.op === op)) return parts
  return parts.flatMap((part) => (part.op === op ? part.parts : [part]))
}

/** Removes duplicates and sorts by key. */
function group(op: 'and' | 'or', flat: readonly Filter[]): Filter {
  const sorted = [...flat].sort((a, b) => compareText(a.key, b.key))
  const parts = sorted.filter((part, i) => part.key !== sorted[i + 1]?.key)
  const single = parts.length === 1 ? parts[0] : undefined
  return single ?? { op, parts, key: `${op}(${parts.map((part) => part.key).join()})` }
}

/** Keeps one bound for each side of each field; undefined: the conditions exclude each other. */
function tightened(parts: readonly Filter[]): Filter[] | undefined {
  const kept: Filter[] = []
  const bounds = new Map<string, RangeTest>()
  const values = new Map<string, string>()
  const kinds = new Map<string, number>()
  for (const part of parts) {
    if (isNothing(part)) return undefined
    if (isRange(part)) {
      const kind = kindOf(part.value)
      if ((kinds.get(part.field) ?? kind) !== kind) return undefined
      kinds.set(part.field, kind)
      const side = `${part.op[0]}${part.field}`
      const other = bounds.get(side)
      bounds.set(side, other ? tighter(part, other) : part)
      continue
    }
    if (part.op === 'eq') {
      if ((values.get(part.field) ?? part.key) !== part.key) return undefined
      values.set(part.field, part.key)
    }
    kept.push(part)
  }
  return [...kept, ...bounds.values()]
}

function tighter(a: RangeTest, b: RangeTest): RangeTest {
  const order = compareValues(a.value, b.value)
  if (order === 0) return a.op.length < b.op.length ? a : b
  return order > 0 === (a.op[0] === 'g') ? a : b
}

type PlainObject = Readonly<Record<string, unknown>>

/** Whether a value is an object of named conditions: not a list, point in time or bytes. */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return !(isMoment(value) || value instanceof Uint8Array)
}
