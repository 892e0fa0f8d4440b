/**
 * Scopes: the parts of a space that a link may follow. A scope has the rows of one type in which some
 * live write of each named register holds the given value, so a row in conflict is in the scopes of
 * all its candidates. Registers and values are the stored ones, in every version. With a range, some
 * live write of the register of that range must be in it. A scope may have the rows with given ids
 * instead, and neither equalities nor a range.
 *
 * `scope-forms.ts` has their form in frames.
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { type ScopeRange, containsRange, isInRange, rangeJson } from './scope-range.ts'

/** Values that a scope may compare with. */
export type ScopeValue = string | number | boolean | null

/** One part of a space. Without equalities and range it has all rows of the type. */
export interface Scope {
  readonly type: string
  /** Sorted by register, unique. */
  readonly equal: readonly (readonly [reg: string, value: ScopeValue])[]
  readonly range?: ScopeRange
  /** Ascending, unique. */
  readonly ids?: readonly Uuid[]
}

/** Maximum scopes of a link, and equalities of a scope. */
export const SCOPES_MAX = 256
export const EQUALITIES_MAX = 8
/** Maximum ids of a scope. */
export const IDS_MAX = 256
/** Maximum rows of a page that is asked for. */
export const PAGE_ROWS_MAX = 1_024
const TEXT_CHARACTERS_MAX = 512

/** Equal for equal scopes. */
export function scopeKey(scope: Scope): string {
  const { type, equal, range, ids } = scope
  const pairs = equal.map(([reg, value]): Json => [reg, value])
  return canonical([type, pairs, range ? rangeJson(range) : 0, ids ? [...ids] : 0])
}

/** Whether every row of `inner` is in `outer`. */
export function containsScope(outer: Scope, inner: Scope): boolean {
  const isAmong = ([reg, value]: Scope['equal'][number]): boolean =>
    inner.equal.some(([other, its]) => other === reg && its === value)
  if (!hasIds(outer, inner)) return false
  return outer.type === inner.type && outer.equal.every(isAmong) && isRangeWide(outer, inner)
}

/** Whether the range of `outer` leaves out no row of `inner`. */
function isRangeWide({ range }: Scope, inner: Scope): boolean {
  if (!range || (inner.range && containsRange(range, inner.range))) return true
  return inner.equal.some(([reg, value]) => reg === range.reg && isInRange(value, range))
}

/** Whether the ids of `outer` leave out no row of `inner`. */
function hasIds({ ids }: Scope, inner: Scope): boolean {
  return !ids || (inner.ids?.every((id) => ids.includes(id)) ?? false)
}

/** Whether a scope may compare with that value. */
export function isScopeValue(value: unknown): value is ScopeValue {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' && value.length <= TEXT_CHARACTERS_MAX && value.isWellFormed()
}
