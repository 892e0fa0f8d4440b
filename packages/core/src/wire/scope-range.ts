/**
 * The range of a scope: values of one register between two bounds, numbers or texts, these by code
 * unit as in queries. A value of another kind is in no range.
 *
 *   range    [register, from, to]      a bound is [value, 1 where the value itself is in it], or 0
 */
import type { Json } from '../base/json.ts'

/** A value at an end of a range, and whether it is in the range itself. */
export interface Bound {
  readonly value: string | number
  readonly isIn: boolean
}

/** It has one bound at least; two are of one kind. */
export interface ScopeRange {
  readonly reg: string
  readonly from: Bound | undefined
  readonly to: Bound | undefined
}

const TEXT_CHARACTERS_MAX = 512

/** Whether a scope may have a bound at that value. */
export function isBoundValue(value: unknown): value is Bound['value'] {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string' && value.length <= TEXT_CHARACTERS_MAX && value.isWellFormed()
}

/** Whether a stored value is in a range. */
export function isInRange(value: unknown, { from, to }: ScopeRange): boolean {
  return (!from || isBeyond(value, from, 1)) && (!to || isBeyond(value, to, -1))
}

/** Whether every value of `inner` is in `outer`. */
export function containsRange(outer: ScopeRange, inner: ScopeRange): boolean {
  return (
    outer.reg === inner.reg &&
    isWithin(outer.from, inner.from, 1) &&
    isWithin(outer.to, inner.to, -1) &&
    kindOf(outer) === kindOf(inner)
  )
}

/** Whether a value is on that side of a bound: 1 above it, -1 below it; or it is the bound, and in. */
function isBeyond(value: unknown, { value: bound, isIn }: Bound, side: 1 | -1): boolean {
  if (typeof value !== typeof bound) return false
  if (value === bound) return isIn
  return (value as Bound['value']) > bound === (side === 1)
}

function isWithin(outer: Bound | undefined, inner: Bound | undefined, side: 1 | -1): boolean {
  if (!outer || !inner) return !outer
  return outer.value === inner.value
    ? outer.isIn || !inner.isIn
    : isBeyond(inner.value, outer, side)
}

function kindOf({ from, to }: ScopeRange): string {
  return typeof (from ?? to)?.value
}

/** A range as it is sent. */
export function rangeJson({ reg, from, to }: ScopeRange): Json {
  return [reg, packed(from), packed(to)]
}

function packed(bound: Bound | undefined): Json {
  return bound ? [bound.value, bound.isIn ? 1 : 0] : 0
}
