/**
 * Scopes: the parts of a space that a link may follow. A scope has the rows of one type in which some
 * live write of each named register holds the given value, so a row in conflict is in the scopes of
 * all its candidates. Registers and values are those that are stored, in whatever version. It may have
 * a range, too: then some live write of that register is in it.
 *
 * `scope-forms.ts` reads them from frames.
 *
 *   scope    [type, [[register, value]…], range]      sorted by register; no range is omitted
 */
import { canonical } from '../base/canonical.ts'
import type { Json } from '../base/json.ts'
import { type ScopeRange, containsRange, isInRange, rangeJson } from './scope-range.ts'

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

/** A scope as it is sent. */
export function scopeJson({ type, equal, range }: Scope): Json {
  const pairs = equal.map(([reg, value]): Json => [reg, value])
  return range ? [type, pairs, rangeJson(range)] : [type, pairs]
}

/** Equal for equal scopes. */
export function scopeKey(scope: Scope): string {
  return canonical(scopeJson(scope))
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
