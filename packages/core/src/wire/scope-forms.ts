/**
 * The scopes and ranges of a frame.
 *
 *   scope    [type, [[register, value]…], range]      sorted by register; no range is omitted
 *            [type, [], 0, [id…]]                     ascending
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { refuse } from '../facts/malformed.ts'
import { isTypeName } from '../schema/entity.ts'
import { type FieldForm, id } from './fields.ts'
import { type Bound, type ScopeRange, isBoundValue, rangeJson } from './scope-range.ts'
import { EQUALITIES_MAX, IDS_MAX, SCOPES_MAX, type Scope, isScopeValue } from './scopes.ts'

const REGISTER_CHARACTERS_MAX = 256

export const scopeForm: FieldForm<Scope> = {
  write: ({ type, equal, range, ids }) => {
    const pairs = equal.map(([reg, value]): Json => [reg, value])
    if (ids) return [type, pairs, 0, ids.map((each) => id.write(each))]
    return range ? [type, pairs, rangeJson(range)] : [type, pairs]
  },
  read: (value, what) => {
    if (!Array.isArray(value) || value.length < 2 || value.length > 4)
      return refuse(`${what}: a scope is expected`)
    const [type, equal, range, ids] = value as readonly unknown[]
    if (typeof type !== 'string' || !isTypeName(type))
      return refuse(`${what}: the name of a type is expected`)
    if (!Array.isArray(equal) || equal.length > EQUALITIES_MAX)
      return refuse(`${what}: at most ${EQUALITIES_MAX} equalities are expected`)
    if (value.length === 4) {
      if (equal.length > 0 || range !== 0)
        return refuse(`${what}: a scope of ids has no equalities, and no range`)
      return { type, equal: [], ids: readIds(ids, what) }
    }
    return {
      type,
      equal: equal.map((each, i) => equality(each, equal[i - 1], what)),
      ...(value.length === 3 && { range: rangeForm.read(range, what) }),
    }
  },
}

function readIds(value: unknown, what: string): readonly Uuid[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > IDS_MAX)
    return refuse(`${what}: 1 to ${IDS_MAX} ids are expected`)
  const ids = value.map((each) => id.read(each, what))
  return ids.every((each, i) => i === 0 || ids[i - 1]! < each)
    ? ids
    : refuse(`${what}: its ids ascend`)
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
  write: (scopes) => scopes.map((each) => scopeForm.write(each)),
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
