/** Reads the scopes and ranges of a frame. */
import { refuse } from '../facts/malformed.ts'
import { isTypeName } from '../schema/entity.ts'
import type { FieldForm } from './fields.ts'
import { type Bound, type ScopeRange, isBoundValue, rangeJson } from './scope-range.ts'
import { EQUALITIES_MAX, SCOPES_MAX, type Scope, isScopeValue, scopeJson } from './scopes.ts'

const REGISTER_CHARACTERS_MAX = 256

export const scopeForm: FieldForm<Scope> = {
  write: scopeJson,
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
  write: (scopes) => scopes.map(scopeJson),
  read: (value, what) =>
    Array.isArray(value) && value.length <= SCOPES_MAX
      ? value.map((each) => scopeForm.read(each, what))
      : refuse(`${what}: at most ${SCOPES_MAX} scopes are expected`),
}

export const rangeForm: FieldForm<ScopeRange> = {
  write: rangeJson,
  read: (value, what) => {
    const [reg, low, high, ...more] = Array.isArray(value) ? (value as readonly unknown[]) : []
    const isName = typeof reg === 'string' && reg.length <= REGISTER_CHARACTERS_MAX
    if (!isName || reg === '' || more.length > 0)
      return refuse(`${what}: a register and two bounds are expected`)
    const [from, to] = [readBound(low, what), readBound(high, what)]
    if (!from && !to) return refuse(`${what}: a range has a bound`)
    if (from && to && typeof from.value !== typeof to.value)
      return refuse(`${what}: the bounds of a range are of one kind`)
    return { reg, from, to }
  },
}

/** A value at the end of a range. */
export const boundValueForm: FieldForm<Bound['value']> = {
  write: (value) => value,
  read: (value, what) =>
    isBoundValue(value) ? value : refuse(`${what}: a number or a text is expected`),
}

function readBound(packedBound: unknown, what: string): Bound | undefined {
  if (packedBound === 0) return undefined
  const [value, isIn, ...more] = Array.isArray(packedBound) ? (packedBound as unknown[]) : []
  if (!isBoundValue(value) || (isIn !== 0 && isIn !== 1) || more.length > 0)
    return refuse(`${what}: a bound is a number or a text, and 0 or 1`)
  return { value, isIn: isIn === 1 }
}
