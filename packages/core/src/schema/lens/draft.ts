/**
 * A version under construction: its fields and registers, step by step, in the order of the
 * declaration. `place` returns the fault of a step, and then changes nothing. Defaults are
 * translated along with the steps, so an untranslatable default is found at the declaration.
 */
import { type Json, frozenJson } from '../../base/json.ts'
import type { Chain, PlacedStep, Register } from './chain.ts'
import { INVALID, type Moved } from './moves.ts'
import { movesOf } from './step-rule.ts'
import { NAME_LENGTH_MAX, type Reg, newKey } from './names.ts'
import { shown } from './shown.ts'
import { type RemoveStep, type Step, describeStep } from './step.ts'

export const FIELDS_MAX = 256
const REGISTERS_MAX = 1_024
/** Maximum steps on one register that may nest its value one level deeper. */
const NESTINGS_MAX = 16
const NESTING: ReadonlySet<Step['op']> = new Set(['wrap', 'head', 'nest', 'hoist'])

/** A register whose list of steps belongs to the draft: a copy for each step would be quadratic. */
interface Growing extends Register {
  readonly steps: PlacedStep[]
}

export class VersionDraft {
  readonly fields: Map<string, Reg>
  readonly registers: Map<Reg, Growing>
  readonly #version: number

  constructor(chain: Chain, version: number) {
    this.#version = version
    this.fields = new Map(chain.fieldsIn(version - 1))
    this.registers = new Map(
      [...chain.registers].map(([reg, register]) => [reg, carried(register, version)]),
    )
  }

  /** Adds the step; returns the reason if it does not fit. The step itself is well-formed. */
  place(step: Step): string | undefined {
    if (step.op === 'add') return this.#add(step.field, step.default)
    const reg = this.fields.get(step.field)
    if (reg === undefined) {
      return `${step.op}: there is no field ${shown(step.field)} in version ${this.#version - 1} or by a step before`
    }
    // Each field has its register.
    const register = this.registers.get(reg)!
    if (step.op === 'remove') return this.#remove(register, step)
    const to = step.op === 'rename' || step.op === 'map' ? step.to : step.field
    if (to !== step.field && this.fields.has(to)) {
      return `${step.op}: the name ${shown(to)} is taken; a step cannot touch two registers`
    }
    const changed = this.#changed(register, step)
    if (typeof changed === 'string') return changed
    this.registers.set(reg, changed)
    this.fields.delete(step.field)
    this.fields.set(to, reg)
    return undefined
  }

  #add(field: string, fallback: Json | undefined): string | undefined {
    if (this.fields.has(field)) return `add: the name ${shown(field)} is taken`
    if (this.fields.size >= FIELDS_MAX) return `add: a type has at most ${FIELDS_MAX} fields`
    if (this.registers.size >= REGISTERS_MAX) {
      return `add: a chain has at most ${REGISTERS_MAX} registers`
    }
    const from = this.#version
    const reg = newKey(field, from, this.registers)
    if (reg.length > NAME_LENGTH_MAX) {
      return `add: ${shown(field)} was a register before, and is too long for another key`
    }
    const bare: Growing = { reg, from, until: undefined, steps: [], defaults: new Map() }
    this.registers.set(reg, withDefault(bare, from, fallback))
    this.fields.set(field, reg)
    return undefined
  }

  #remove(register: Growing, step: RemoveStep): string | undefined {
    const { reg, from, steps } = register
    if (from === this.#version || steps.at(-1)?.version === this.#version) {
      return `remove: a step before it in this version concerns ${shown(step.field)}`
    }
    const ended = { ...withDefault(register, this.#version, undefined), until: this.#version }
    const shownBefore = withFallback(ended, step.default)
    if (typeof shownBefore === 'string') return `remove: ${shownBefore}`
    this.registers.set(reg, shownBefore)
    this.fields.delete(step.field)
    return undefined
  }

  /** The register with the step added and its default translated. */
  #changed(register: Growing, step: Step): Growing | string {
    const { steps } = register
    if (NESTING.has(step.op) && steps.filter(isNesting).length >= NESTINGS_MAX) {
      return `${step.op}: a register is wrapped or nested in at most ${NESTINGS_MAX} steps`
    }
    const placed: PlacedStep = { version: this.#version, step, moves: movesOf(step) }
    const fallback = register.defaults.get(this.#version)
    const moved = fallback === undefined ? undefined : movedBy(placed, 'up', fallback)
    if (moved === INVALID) {
      return `${describeStep(step)}: the default ${shown(fallback)} cannot be translated by it`
    }
    steps.push(placed)
    return fallback === undefined ? register : withDefault(register, this.#version, moved)
  }
}

function isNesting({ step }: PlacedStep): boolean {
  return NESTING.has(step.op)
}

/** A register in the next version, before its steps: it keeps its default. */
function carried(register: Register, version: number): Growing {
  const own = { ...register, steps: [...register.steps] }
  if (register.until !== undefined) return own
  return withDefault(own, version, register.defaults.get(version - 1))
}

function withDefault(register: Growing, version: number, fallback: Json | undefined): Growing {
  const defaults = new Map(register.defaults)
  if (fallback === undefined) defaults.delete(version)
  else defaults.set(version, frozenJson(fallback))
  return { ...register, defaults }
}

/**
 * Applies the default of a `remove` to older versions, translated down to the version that adds the
 * register. A version with a default of its own keeps it.
 */
function withFallback(register: Growing, fallback: Json | undefined): Growing | string {
  const steps = [...register.steps]
  let shownAs = fallback
  let changed = register
  // Called for a register that ends only.
  for (let version = register.until! - 1; version >= register.from; version--) {
    if (!register.defaults.has(version)) changed = withDefault(changed, version, shownAs)
    while (steps.at(-1)?.version === version) {
      // The loop condition has checked that there is one.
      const step = steps.pop()!
      const moved = shownAs === undefined ? undefined : movedBy(step, 'down', shownAs)
      if (moved === INVALID) {
        return `its default ${shown(fallback)} cannot be translated down by the ${describeStep(step.step)}`
      }
      shownAs = moved
    }
  }
  return changed
}

/** Undefined where the functions of a `code` step are missing. */
function movedBy({ moves }: PlacedStep, way: 'up' | 'down', value: Json): Moved {
  if (moves === 'identity') return value
  return moves === 'opaque' ? undefined : moves[way](value)
}
