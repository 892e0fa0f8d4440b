/**
 * Translates the value of a register from the version that wrote it to the version that reads it. A
 * path is compiled once for each register and pair of versions; a translation is then a look-up and
 * a call. Nothing here throws or writes: the stored value does not change.
 *
 * Also decides which registers a version may write: a write by a version that sees only part of a
 * value would delete the rest.
 */
import type { Json } from '../../base/json.ts'
import type { Chain, PlacedStep, Register } from './chain.ts'
import { INVALID, type Move } from './moves.ts'
import { type Reg, isReserved } from './names.ts'
import { describeStep, lossOf } from './step.ts'

export type Translated =
  | { readonly kind: 'value'; readonly value: Json }
  /** The author unset the field, or the reader's version has no value for what it holds. */
  | { readonly kind: 'unset' }
  /** The value cannot be translated to the reader's version. `raw` is the stored value. */
  | { readonly kind: 'invalid'; readonly raw: Json }
  /** The reader's version lacks the field. */
  | { readonly kind: 'absent' }
  /** A build needs version `needs` to read this. */
  | { readonly kind: 'opaque'; readonly needs: number }

export interface Path {
  /** Values do not change; a caller may skip the call. */
  readonly identity: boolean
  translate(stored: Json): Translated
}

const UNSET: Translated = Object.freeze({ kind: 'unset' })
const ABSENT: Translated = Object.freeze({ kind: 'absent' })

const IDENTITY: Path = {
  identity: true,
  translate: (stored) => (isUnset(stored) ? UNSET : { kind: 'value', value: stored }),
}
const NO_FIELD: Path = { identity: false, translate: () => ABSENT }
/** The author wrote a register that the author's version lacks. */
const MISPLACED: Path = {
  identity: false,
  translate: (stored) => (isUnset(stored) ? UNSET : { kind: 'invalid', raw: stored }),
}

/** The paths of one chain. */
export class Lenses {
  readonly chain: Chain
  readonly #paths = new Map<Reg, Path[]>()

  constructor(chain: Chain) {
    this.chain = chain
  }

  /** The path of a register from the version that wrote it to the version that reads it. */
  path(reg: Reg, from: number, to: number): Path {
    const { version } = this.chain
    // Versions outside the chain come from untrusted messages; their paths are not cached.
    if (!isWithin(from, version) || !isWithin(to, version)) return this.#beyond(reg, from, to)
    return this.#paths.get(reg)?.[this.#index(from, to)] ?? this.#made(reg, from, to)
  }

  isIdentity(reg: Reg, from: number, to: number): boolean {
    return this.path(reg, from, to).identity
  }

  /** The value that a version shows for a register that was never written. */
  defaultOf(reg: Reg, version: number): Json | undefined {
    return this.chain.defaultOf(reg, version)
  }

  /**
   * Why `version` may not write a register while `newest` is in use, as a sentence; undefined if it
   * may. A register that the newer version removed may be written: versions that have it read it.
   */
  writeFault(reg: Reg, version: number, newest: number): string | undefined {
    if (isReserved(reg)) return undefined
    const { entity } = this.chain
    const name = this.chain.nameIn(reg, version)
    if (name === undefined) return `${entity}: version ${version} has no register ${reg}`
    if (newest <= version) return undefined
    const field = `${entity}.${name}`
    // The register has a name in this version, so the chain has it.
    for (const placed of this.chain.registers.get(reg)!.steps) {
      if (placed.version <= version || placed.version > newest) continue
      const why = stepWriteFault(placed)
      if (why !== undefined) {
        return `${field}: ${why}; it can be written from version ${placed.version} on`
      }
    }
    // As above.
    const ended = this.chain.registers.get(reg)!.until !== undefined
    return newest > this.chain.version && !ended
      ? `${field}: version ${newest} is in use, and this build knows ${this.chain.version} only`
      : undefined
  }

  #has(reg: Reg, version: number): boolean {
    return isReserved(reg) || this.chain.nameIn(reg, version) !== undefined
  }

  #beyond(reg: Reg, from: number, to: number): Path {
    if (isReserved(reg)) return IDENTITY
    const needs = Math.max(from, to)
    if (needs <= this.chain.version || !Number.isSafeInteger(needs)) return MISPLACED
    const absent = to <= this.chain.version && !this.#has(reg, to)
    return absent ? NO_FIELD : opaque(needs)
  }

  #made(reg: Reg, from: number, to: number): Path {
    if (isReserved(reg)) return IDENTITY
    const register = this.chain.registers.get(reg)
    if (!register) return NO_FIELD
    const paths = this.#paths.get(reg) ?? []
    this.#paths.set(reg, paths)
    return (paths[this.#index(from, to)] = this.#compiled(register, from, to))
  }

  #compiled(register: Register, from: number, to: number): Path {
    if (!this.#has(register.reg, to)) return NO_FIELD
    if (!this.#has(register.reg, from)) return MISPLACED
    const [low, high] = from < to ? [from, to] : [to, from]
    const between = register.steps.filter(({ version }) => version > low && version <= high)
    const missing = between.findLast(({ moves }) => moves === 'opaque')
    if (missing) return opaque(missing.version)
    const moves = movesAlong(between, from < to)
    return moves.length === 0 ? IDENTITY : along(moves)
  }

  #index(from: number, to: number): number {
    return from * (this.chain.version + 1) + to
  }
}

/** Up in the order of declaration, down in the opposite one. */
function movesAlong(steps: readonly PlacedStep[], up: boolean): readonly Move[] {
  const found = steps.flatMap(({ moves }) =>
    typeof moves === 'string' ? [] : [up ? moves.up : moves.down],
  )
  return up ? found : found.reverse()
}

function along(moves: readonly Move[]): Path {
  return {
    identity: false,
    translate(stored) {
      if (isUnset(stored)) return UNSET
      let value: Json = stored
      for (const move of moves) {
        const moved = move(value)
        if (moved === undefined) return UNSET
        if (moved === INVALID) return { kind: 'invalid', raw: stored }
        value = moved
      }
      return { kind: 'value', value }
    },
  }
}

function opaque(needs: number): Path {
  const translated: Translated = Object.freeze({ kind: 'opaque', needs })
  return { identity: false, translate: () => translated }
}

function stepWriteFault({ step, moves, version }: PlacedStep): string | undefined {
  if (moves === 'opaque') return `version ${version} changed it by code that this build lacks`
  if (!lossOf(step).down || ('backport' in step && step.backport === 'allow')) return undefined
  return `since the ${describeStep(step)} in version ${version} it holds more than an older version sees`
}

function isWithin(version: number, newest: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= newest
}

/** Whether it is the stored form of an unset, which every lens passes unchanged. */
function isUnset(stored: Json): boolean {
  return (
    typeof stored === 'object' && stored !== null && '$unset' in stored && stored.$unset === true
  )
}
