/**
 * The chain of versions of one entity type: the register of each field in each version, and the
 * steps on each register. Immutable data; `declare.ts` builds it version by version and validates
 * each, so readers need no checks.
 *     version 1 ──steps──▶ version 2 ──steps──▶ … version V
 *     done      ───map───▶ status    ─────────▶ status        one register, its key is `done`
 *                          points    ──scale──▶ points        from version 2, with a default
 *
 * A register exists in one unbroken run of versions. The fold knows registers only, so no
 * step can change which write overwrites which.
 */
import type { Json } from '../../base/json.ts'
import type { Kinds } from './kind.ts'
import type { Moves } from './moves.ts'
import type { Reg } from './names.ts'
import type { Step } from './step.ts'

/** A step with its version. */
export interface PlacedStep {
  /** The version it leads to. */
  readonly version: number
  readonly step: Step
  readonly moves: Moves | 'identity' | 'opaque'
}

export interface Register {
  readonly reg: Reg
  /** First version that has it. */
  readonly from: number
  /** First version without it; undefined while it exists. */
  readonly until: number | undefined
  /** In the order of their declaration. */
  readonly steps: readonly PlacedStep[]
  /** By version: the value shown where the register was never written. */
  readonly defaults: ReadonlyMap<number, Json>
}

export interface Version {
  /** Number of corrections of the steps of this version since they were published. */
  readonly revision: number
  /** The steps that lead here; version 1 has none. */
  readonly steps: readonly Step[]
  readonly fields: ReadonlyMap<string, Reg>
  readonly names: ReadonlyMap<Reg, string>
  /** Field name to kind; has all fields. */
  readonly kinds: Kinds
}

export class Chain {
  readonly entity: string
  /** Version 1 is first. */
  readonly versions: readonly Version[]
  readonly registers: ReadonlyMap<Reg, Register>

  constructor(entity: string, versions: readonly Version[], registers: ReadonlyMap<Reg, Register>) {
    this.entity = entity
    this.versions = versions
    this.registers = registers
  }

  /** The newest version. */
  get version(): number {
    return this.versions.length
  }

  /** Field name to register, of a version in the chain. */
  fieldsIn(version: number): ReadonlyMap<string, Reg> {
    return this.versions[version - 1]?.fields ?? new Map()
  }

  /** The name of a register's field in a version; undefined where it has none. */
  nameIn(reg: Reg, version: number): string | undefined {
    return this.versions[version - 1]?.names.get(reg)
  }

  /** The value that a version shows for a register that was never written; never stored. */
  defaultOf(reg: Reg, version: number): Json | undefined {
    return this.registers.get(reg)?.defaults.get(version)
  }
}
