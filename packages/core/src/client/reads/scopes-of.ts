/**
 * The scopes that contain a query: equalities, and a range, on fields whose stored values are the same
 * in every version narrow them, all other conditions do not.
 */
import type { Filter } from '../../query/filter.ts'
import { conjuncts, isRange, readWhere } from '../../query/filter.ts'
import type { Entity } from '../../schema/entity.ts'
import { encodeValue } from '../../schema/field.ts'
import type { Lenses } from '../../schema/lens/path.ts'
import type { Query } from '../../schema/types.ts'
import { type Bound, type ScopeRange, isBoundValue } from '../../wire/scope-range.ts'
import {
  EQUALITIES_MAX,
  SCOPES_MAX,
  type Scope,
  type ScopeValue,
  isScopeValue,
} from '../../wire/scopes.ts'

type Equality = readonly [reg: string, value: ScopeValue]

/** How a type is read: its declaration, and all that is known of its versions. */
export interface TypeReading {
  readonly entity: Entity
  readonly lenses: Lenses
}

/**
 * The scopes whose rows include all rows of a query.
 * @throws CountersignError `invalid` for a malformed `where`.
 */
export function scopesOf(reading: TypeReading, { where }: Query<Entity>): readonly Scope[] {
  return narrowed(reading, readWhere(reading.entity, where))
}

function narrowed(reading: TypeReading, where: Filter): readonly Scope[] {
  const { name: type } = reading.entity
  if (where.op === 'or') {
    const scopes = where.parts.flatMap((part) => narrowed(reading, part))
    return scopes.length > SCOPES_MAX / 2 ? [{ type, equal: [] }] : scopes
  }
  const parts = conjuncts(where)
  const equal = new Map<string, ScopeValue>()
  for (const part of parts) {
    const [found, ...more] = equalities(reading, part) ?? []
    if (found && more.length === 0 && equal.size < EQUALITIES_MAX) equal.set(...found)
  }
  const range = rangeOf(reading, parts)
  const within = range && !equal.has(range.reg) ? { range } : {}
  if (equal.size > 0) return [{ type, equal: [...equal].sort(byRegister), ...within }]
  for (const part of parts) {
    const found = part.op === 'in' ? equalities(reading, part) : undefined
    if (found && found.length <= SCOPES_MAX / 2)
      return found.map((each): Scope => ({ type, equal: [each], ...within }))
    if (part.op === 'or' && part !== where) return narrowed(reading, part)
  }
  return [{ type, equal: [], ...within }]
}

/** The range of one field. A filter has at most one bound for each side of a field. */
function rangeOf(reading: TypeReading, parts: readonly Filter[]): ScopeRange | undefined {
  const bounds = parts.filter(isRange)
  for (const { field } of bounds) {
    const reg = plainRegister(reading, field)
    if (reg === undefined) continue
    const of = (...sides: readonly string[]): Bound | undefined => {
      const test = bounds.find((each) => each.field === field && sides.includes(each.op))
      const value = test && encoded(reading.entity, field, test.value)
      return isBoundValue(value) ? { value, isIn: test?.op.endsWith('e') === true } : undefined
    }
    const [from, to] = [of('gt', 'gte'), of('lt', 'lte')]
    if (from || to) return { reg, from, to }
  }
  return undefined
}

/**
 * The value that a condition compares a register with; undefined where it does not narrow the
 * scope.
 */
function equalities(reading: TypeReading, test: Filter): readonly Equality[] | undefined {
  if (test.op !== 'eq' && test.op !== 'in') return undefined
  const reg = plainRegister(reading, test.field)
  if (reg === undefined) return undefined
  const found: Equality[] = []
  for (const value of test.op === 'eq' ? [test.value] : test.values) {
    const stored = value === undefined ? undefined : encoded(reading.entity, test.field, value)
    if (stored === undefined) return undefined
    found.push([reg, stored])
  }
  return found
}

function encoded(entity: Entity, name: string, value: unknown): ScopeValue | undefined {
  const field = entity.fieldOf(name)
  const json = field && !field.merging ? encodeValue(field, value) : undefined
  return json?.ok && isScopeValue(json.value) ? json.value : undefined
}

/** The register of a field whose stored value is the same in every version; else undefined. */
export function plainRegister({ entity, lenses }: TypeReading, name: string): string | undefined {
  const field = entity.fieldOf(name)
  if (!field || field.merging || field.codec) return undefined
  const { reg } = field
  // A merge function shows a value that no author wrote.
  if (typeof entity.policies.fields.get(reg) === 'function') return undefined
  if (entity.each) return reg
  const known = lenses.chain.registers.get(reg)
  const isPlain = known?.steps.every(({ moves }) => moves === 'identity')
  return isPlain && known?.defaults.size === 0 ? reg : undefined
}

function byRegister([a]: Equality, [b]: Equality): number {
  return a < b ? -1 : 1
}
