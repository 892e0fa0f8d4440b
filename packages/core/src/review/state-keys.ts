/**
 * The keys by which a store finds the rows of a scope: the values of the registers with which the
 * declared indexes of a type begin. A deployment that declares no types, or no indexes, reads the rows
 * of the whole type.
 */
import { valuesOf } from '../fold/in-scope.ts'
import type { EntityState } from '../fold/state.ts'
import type { StateKey, StateKeys } from '../ports/space-store.ts'
import type { Entity } from '../schema/entity.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
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

  /** A key that all rows of a scope have; undefined where there is none. */
  ofScope({ type, equal }: Scope): StateKey | undefined {
    const keyed = this.#types.get(type)
    const found = equal.find(([reg]) => keyed?.regs.includes(reg))
    return keyed && found && { way: keyed.way, key: keyOf(...found) }
  }
}

function keyOf(reg: Reg, value: ScopeValue): string {
  return JSON.stringify([reg, value])
}
