/**
 * Registers: the smallest independently writable parts of an entity. A `RegisterTable`
 * gives each register of one type a slot, so that the fold works on arrays; a `RegSet`
 * is the sorted list of registers that one change writes, interned so that a million
 * changes of the same shape share one.
 */

import type { Reg } from './lens/names.ts'
import type { AppFold } from './operations.ts'

export type { Reg }

/** The reserved register that archives an entity. */
export const ARCHIVED: Reg = '$archived'

/** Maximum registers of one change, and so of fields of a type. */
export const REGISTERS_MAX = 128

export interface RegSet {
  /** Sorted by code unit, unique. */
  readonly names: readonly Reg[]
  /** Slots of `names`, in the same order. */
  readonly slots: readonly number[]
  /** The app's folds, aligned with `names`; absent if it folds none of them. */
  readonly folds?: readonly (AppFold | undefined)[]
}

/** The registers of one type and their slots. A slot is never reused. */
export class RegisterTable {
  readonly #slots = new Map<Reg, number>()
  readonly #names: Reg[] = []
  readonly #sets = new Map<string, RegSet>()
  readonly #single = new Map<Reg, RegSet>()
  /** All registers that the type declares: most creates write all of them. */
  readonly declared: RegSet

  readonly #folds: ReadonlyMap<Reg, AppFold>

  constructor(declared: Iterable<Reg> = [], folds: ReadonlyMap<Reg, AppFold> = new Map()) {
    this.#folds = folds
    const names = [...declared]
    for (const name of names) this.slot(name)
    this.declared = this.set(names.sort())
  }

  get names(): readonly Reg[] {
    return this.#names
  }

  /** The slot of a register; an unknown register gets the next one. */
  slot(reg: Reg): number {
    let slot = this.#slots.get(reg)
    if (slot === undefined) {
      slot = this.#names.length
      this.#slots.set(reg, slot)
      this.#names.push(reg)
    }
    return slot
  }

  /** The app's fold of a register. */
  foldOf(reg: Reg): AppFold | undefined {
    return this.#folds.get(reg)
  }

  /** The slot of a register, or -1 if it is unknown. */
  slotIfKnown(reg: Reg): number {
    return this.#slots.get(reg) ?? -1
  }

  /** The set of these registers. `names` must be sorted and unique. */
  set(names: readonly Reg[]): RegSet {
    const key = names.length === 1 ? names[0]! : names.join('\u0000')
    const cache = names.length === 1 ? this.#single : this.#sets
    let set = cache.get(key)
    if (!set) {
      const slots = names.map((name) => this.slot(name))
      const folds = names.some((name) => this.#folds.has(name)) && {
        folds: names.map((name) => this.#folds.get(name)),
      }
      set = { names: Object.freeze([...names]), slots, ...folds }
      cache.set(key, set)
    }
    return set
  }
}
