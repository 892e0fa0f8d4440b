/**
 * The keys by which a store finds the rows of a scope: the values of the registers with which the
 * declared indexes of a type begin. Keys of one register are in the order of its values, so a range of
 * values is one of keys. A deployment that declares no types, or no indexes, reads the rows of the whole
 * type.
 *
 *   key    register as JSON, kind, value      a number as the digits of its bits, a text as it is
 */
import { valuesOf } from '../fold/in-scope.ts'
import type { EntityState } from '../fold/state.ts'
import { type StateKeyRange, type StateKeys, oneKey } from '../ports/space-store.ts'
import type { Entity } from '../schema/entity.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import type { Bound, ScopeRange } from '../wire/scope-range.ts'
import type { Scope, ScopeValue } from '../wire/scopes.ts'

interface KeyedType {
  readonly regs: readonly Reg[]
  /** The name of this way to make keys. */
  readonly way: string
}

/** The keys of the types that a deployment declares. */
export class KeyedTypes {
  readonly #types = new Map<string, KeyedType>()

  constructor(types: ReadonlyMap<string, Entity> | undefined) {
    for (const [name, entity] of types ?? []) {
      const found = [...entity.indexes.values()].map(([first]) =>
        entity.fieldOf(first?.field ?? ''),
      )
      const regs = [...new Set(found.flatMap((field) => field?.reg ?? []))].sort()
      if (regs.length > 0) this.#types.set(name, { regs, way: JSON.stringify(regs) })
    }
  }

  /** The keys of a state; undefined where its type has none. */
  of(type: string, state: EntityState, table: RegisterTable): StateKeys | undefined {
    const keyed = this.#types.get(type)
    if (!keyed) return undefined
    const keys = new Set<string>()
    for (const reg of keyed.regs)
      for (const value of valuesOf(state, reg, table)) keys.add(keyOf(reg, value))
    return { way: keyed.way, keys: [...keys] }
  }

  /** Keys of which each row of a scope has one; undefined where there are none. */
  ofScope({ type, equal, range }: Scope): StateKeyRange | undefined {
    const keyed = this.#types.get(type)
    const found = equal.find(([reg]) => keyed?.regs.includes(reg))
    if (keyed && found) return oneKey(keyed.way, keyOf(...found))
    return keyed && range && keyed.regs.includes(range.reg)
      ? { way: keyed.way, ...keysIn(range) }
      : undefined
  }
}

const KINDS = { boolean: 'b', number: 'n', string: 's', object: 'z' } as const

/** After every key of a kind, in any order of texts: the letters of kinds have others after them. */
const END = { n: 'o', s: 't' } as const

function keyOf(reg: Reg, value: ScopeValue): string {
  const kind = KINDS[typeof value as keyof typeof KINDS]
  return `${JSON.stringify(reg)}${kind}${typeof value === 'number' ? digitsOf(value) : String(value)}`
}

/** Sixteen hexadecimal digits, in the order of the numbers. */
function digitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value === 0 ? 0 : value) // there are two zeros
  const bits = view.getBigUint64(0)
  const sign = 1n << 63n
  return (bits & sign ? ~bits & (sign * 2n - 1n) : bits | sign).toString(16).padStart(16, '0')
}

/** All keys of the values of a range, and perhaps some more. */
function keysIn({ reg, from, to }: ScopeRange): Pick<StateKeyRange, 'from' | 'to'> {
  const kind = typeof (from ?? to)?.value === 'number' ? 'n' : 's'
  const name = JSON.stringify(reg)
  return {
    from: from ? `${name}${kind}${lowest(from)}` : `${name}${kind}`,
    to: (to && above(`${name}${kind}`, to)) ?? `${name}${END[kind]}`,
  }
}

function lowest({ value }: Bound): string {
  return typeof value === 'number' ? digitsOf(value) : comparable(value)
}

/** A key after all that are up to a bound; undefined where only the end of the kind is one. */
function above(prefix: string, { value }: Bound): string | undefined {
  if (typeof value === 'number') return `${prefix}${digitsOf(value)}\0`
  const text = comparable(value)
  if (text.length === value.length) return `${prefix}${text}\0`
  const last = text.charCodeAt(text.length - 1)
  // The next text after all texts with that prefix.
  return last + 1 < SURROGATES
    ? `${prefix}${text.slice(0, -1)}${String.fromCharCode(last + 1)}`
    : undefined
}

const SURROGATES = 0xd8_00

/** The prefix of a text that every order of texts sorts the same way. */
function comparable(text: string): string {
  let end = 0
  while (end < text.length && text.charCodeAt(end) < SURROGATES) end++
  return text.slice(0, end)
}
