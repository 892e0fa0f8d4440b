/**
 * The chain of versions of one entity type: which field has which register in each version,
 * and which steps lie on each register. Immutable data; `declare.ts` makes it version by
 * version and checks each, so that whoever reads through a chain finds nothing wrong in it.
 *
 *     version 1 ──steps──▶ version 2 ──steps──▶ … version V
 *     done      ───map───▶ status    ─────────▶ status        one register, its key is `done`
 *                          points    ──scale──▶ points        from version 2, with a default
 *
 * A register is there in one unbroken run of versions. The fold knows registers alone, so no
 * step can change who overwrote whom.
 */
import type { Json } from '../../base/json.ts'
import type { Kinds } from './kind.ts'
import type { Moves } from './moves.ts'
import type { Reg } from './names.ts'
import type { Step } from './steps.ts'

/** A step where it stands. */
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
  /** First version that has it no more; undefined while it lasts. */
  readonly until: number | undefined
  /** In the order of their declaration. */
  readonly steps: readonly PlacedStep[]
  /** By version: what is shown where nobody wrote it. */
  readonly defaults: ReadonlyMap<number, Json>
}

export interface Version {
  /** How often the steps of this version were corrected since they were published. */
  readonly revision: number
  /** The steps that lead here; version 1 has none. */
  readonly steps: readonly Step[]
  readonly fields: ReadonlyMap<string, Reg>
  readonly names: ReadonlyMap<Reg, string>
  /** What each field holds; all of them are in it. */
  readonly kinds: Kinds
}

export class Chain {
  readonly entity: string
  /** Version 1 stands first. */
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

  /** Field name to register, of a version that the chain has. */
  fieldsIn(version: number): ReadonlyMap<string, Reg> {
    return this.versions[version - 1]?.fields ?? new Map()
  }

  /** The name of a register's field in a version; undefined where it has none. */
  nameIn(reg: Reg, version: number): string | undefined {
    return this.versions[version - 1]?.names.get(reg)
  }

  /** What a version shows for a register that nobody wrote; the library never writes it. */
  defaultOf(reg: Reg, version: number): Json | undefined {
    return this.registers.get(reg)?.defaults.get(version)
  }
}
