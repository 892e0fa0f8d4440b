/**
 * Where the pages of a query end on the wire: at a value of the first field of its order. The ranges
 * between such values are scopes, so pages are followed as any other rows.
 */
import { PLAIN_ACCESS } from '../../query/compare.ts'
import { Request } from '../../query/request.ts'
import type { Entity } from '../../schema/entity.ts'
import { kindOf } from '../../schema/kind.ts'
import { alternativesOf } from '../../schema/lens/kind.ts'
import type { Reg } from '../../schema/registers.ts'
import type { Query } from '../../schema/types.ts'
import { type Bound, type ScopeRange, isInRange } from '../../wire/scope-range.ts'
import type { Scope } from '../../wire/scopes.ts'
import { type TypeReading, plainRegister } from './scopes-of.ts'

/** A value that ends a page. */
export type PageEnd = Bound['value']

/** The field by whose values pages are cut: all of them numbers, or all of them texts. */
export interface CutField {
  readonly name: string
  readonly reg: Reg
  readonly isDown: boolean
  readonly kind: 'number' | 'string'
  /** Whether a row may lack it; such rows come after all others. */
  readonly isOptional: boolean
}

/** The order of a query, explicit: with a further condition it could be another one. */
export function orderOf(entity: Entity, query: Query<Entity>): readonly string[] {
  const { order } = new Request(entity, query, PLAIN_ACCESS).plan
  return order.map(({ field, descending }) => (descending ? `-${field}` : field))
}

/** The field by which rows in this order are cut; undefined where a range cannot name its values. */
export function cutFieldOf(reading: TypeReading, order: readonly string[]): CutField | undefined {
  const [first = ''] = order
  const isDown = first.startsWith('-')
  const name = isDown ? first.slice(1) : first
  const reg = plainRegister(reading, name)
  const field = reading.entity.fieldOf(name)
  if (reg === undefined || !field) return undefined
  const kinds = alternativesOf(kindOf(field.schema))
  const present = kinds.filter((kind) => kind !== 'undefined' && kind !== 'null')
  const isOptional = present.length < kinds.length
  const of = { name, reg, isDown, isOptional }
  if (present.every((kind) => kind === 'number' || Number.isFinite(Number(kind))))
    return { ...of, kind: 'number' }
  if (present.every((kind) => kind === 'string' || kind.startsWith('"')))
    return { ...of, kind: 'string' }
  return undefined
}

/** Whether a value comes after another one in the order of the field. */
export function isAfter({ isDown }: CutField, a: PageEnd, b: PageEnd): boolean {
  return isDown ? a < b : a > b
}

/** The rows of scopes after one value and up to another; undefined: from the start, to the end. */
export function scopesBetween(
  base: readonly Scope[],
  field: CutField,
  { after, to }: { readonly after?: PageEnd | undefined; readonly to?: PageEnd | undefined },
): readonly Scope[] {
  const { reg, isDown } = field
  const first = after === undefined ? undefined : { value: after, isIn: false }
  const last = to === undefined ? undefined : { value: to, isIn: true }
  const [from, until] = isDown ? [last, first] : [first, last]
  return base.map((scope) => {
    const own = scope.range?.reg === reg ? scope.range : undefined
    const isFixed = scope.equal.some(([other]) => other === reg)
    if (isFixed || (!from && !until) || (own && typeof boundOf(own)?.value !== field.kind))
      return scope
    const range: ScopeRange = {
      reg,
      from: narrower(own?.from, from, 'from'),
      to: narrower(own?.to, until, 'to'),
    }
    return { type: scope.type, equal: scope.equal, range }
  })
}

function boundOf({ from, to }: ScopeRange): Bound | undefined {
  return from ?? to
}

/** The bound that leaves out more. */
function narrower(
  a: Bound | undefined,
  b: Bound | undefined,
  side: 'from' | 'to',
): Bound | undefined {
  if (!a || !b) return a ?? b
  if (a.value === b.value) return a.isIn ? b : a
  const range = { reg: '', from: undefined, to: undefined, [side]: a }
  return isInRange(b.value, range) ? b : a
}
