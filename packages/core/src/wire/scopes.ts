/**
 * Scopes: the parts of a space that a link may follow. A scope has the rows of one type in which some
 * live write of each named register holds the given value, so a row in conflict is in the scopes of
 * all its candidates. Registers and values are those that are stored, in whatever version. It may have
 * a range, too: then some live write of that register is in it.
 *
 *   scope    [type, [[register, value]…], range]      sorted by register; no range is omitted
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { refuse } from '../facts/malformed.ts'
import { isTypeName } from '../schema/entity.ts'
import type { FieldForm } from './fields.ts'
import { type ScopeRange, containsRange, isInRange, rangeForm } from './scope-range.ts'

/** Values that a scope may compare with. */
export type ScopeValue = string | number | boolean | null

/** One part of a space. Without equalities and range it has all rows of the type. */
export interface Scope {
  readonly type: string
  /** Sorted by register, unique. */
  readonly equal: readonly (readonly [reg: string, value: ScopeValue])[]
  readonly range?: ScopeRange
}

/** Maximum scopes of a link, and equalities of a scope. */
export const SCOPES_MAX = 256
export const EQUALITIES_MAX = 8
const TEXT_CHARACTERS_MAX = 512
const REGISTER_CHARACTERS_MAX = 256

/** Equal for equal scopes. */
export function scopeKey(scope: Scope): string {
  return canonical(scopeForm.write(scope))
}

/** Whether every row of `inner` is in `outer`. */
export function containsScope(outer: Scope, inner: Scope): boolean {
  const isAmong = ([reg, value]: Scope['equal'][number]): boolean =>
    inner.equal.some(([other, its]) => other === reg && its === value)
  return outer.type === inner.type && outer.equal.every(isAmong) && isRangeWide(outer, inner)
}

/** Whether the range of `outer` leaves out no row of `inner`. */
function isRangeWide({ range }: Scope, inner: Scope): boolean {
  if (!range || (inner.range && containsRange(range, inner.range))) return true
  return inner.equal.some(([reg, value]) => reg === range.reg && isInRange(value, range))
}

/** Whether a scope may compare with that value. */
export function isScopeValue(value: unknown): value is ScopeValue {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' && value.length <= TEXT_CHARACTERS_MAX && value.isWellFormed()
}

export const scopeForm: FieldForm<Scope> = {
  write: ({ type, equal, range }) => {
    const pairs = equal.map(([reg, value]): Json => [reg, value])
    return range ? [type, pairs, rangeForm.write(range)] : [type, pairs]
  },
  read: (value, what) => {
    if (!Array.isArray(value) || value.length < 2 || value.length > 3)
      return refuse(`${what}: a scope is expected`)
    const [type, equal, range] = value as readonly unknown[]
    if (typeof type !== 'string' || !isTypeName(type))
      return refuse(`${what}: the name of a type is expected`)
    if (!Array.isArray(equal) || equal.length > EQUALITIES_MAX)
      return refuse(`${what}: at most ${EQUALITIES_MAX} equalities are expected`)
    return {
      type,
      equal: equal.map((each, i) => equality(each, equal[i - 1], what)),
      ...(value.length === 3 && { range: rangeForm.read(range, what) }),
    }
  },
}

function equality(value: unknown, before: unknown, what: string): Scope['equal'][number] {
  const [reg, wanted, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : []
  const isName = typeof reg === 'string' && reg.length <= REGISTER_CHARACTERS_MAX
  if (!isName || reg === '' || more.length > 0 || !isScopeValue(wanted))
    return refuse(`${what}: a register and a plain value are expected`)
  if (Array.isArray(before) && !((before[0] as string) < reg))
    return refuse(`${what}: its registers ascend`)
  return [reg, wanted]
}

/** The list of all scopes that a link follows. */
export const scopesForm: FieldForm<readonly Scope[]> = {
  write: (scopes) => scopes.map(scopeForm.write),
  read: (value, what) =>
    Array.isArray(value) && value.length <= SCOPES_MAX
      ? value.map((each) => scopeForm.read(each, what))
      : refuse(`${what}: at most ${SCOPES_MAX} scopes are expected`),
}
