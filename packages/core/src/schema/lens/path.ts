/**
 * Reading through a chain: the value of a register as it was written in one version, as another
 * version sees it. A path is made once for each register and pair of versions; after that, a
 * translation is a look-up and a call. Nothing here throws, and nothing is written: the stored
 * value stays what its author wrote, whatever a reader sees of it.
 *
 * Also which writes a version may make at all: where it sees less than there is, its writes
 * would take away what it never saw.
 */
import type { Json } from '../../base/json.ts'
import type { Chain, PlacedStep, Register } from './chain.ts'
import { INVALID, type Move } from './moves.ts'
import { type Reg, isReserved } from './names.ts'
import { describeStep, lossOf } from './steps.ts'

export type Translated =
  | { readonly kind: 'value'; readonly value: Json }
  /** Its author unset the field, or the reader's version knows no other word for what it holds. */
  | { readonly kind: 'unset' }
  /** The value has no form in the reader's version. `raw` is what the author wrote. */
  | { readonly kind: 'invalid'; readonly raw: Json }
  /** The reader's version has no such field. */
  | { readonly kind: 'absent' }
  /** It takes a build that knows version `needs` to read this. */
  | { readonly kind: 'opaque'; readonly needs: number }

export interface Path {
  /** Every value is seen as it was written; a caller may spare itself the call. */
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
/** Its author wrote a register that their own version does not have. */
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

  /** How version `to` sees what version `from` wrote to a register. */
  path(reg: Reg, from: number, to: number): Path {
    const { version } = this.chain
    // Versions this chain does not have are whatever a message says; nothing is kept of them.
    if (!isWithin(from, version) || !isWithin(to, version)) return this.#beyond(reg, from, to)
    return this.#paths.get(reg)?.[this.#index(from, to)] ?? this.#made(reg, from, to)
  }

  isIdentity(reg: Reg, from: number, to: number): boolean {
    return this.path(reg, from, to).identity
  }

  /** What a version shows where nobody wrote the register. */
  defaultOf(reg: Reg, version: number): Json | undefined {
    return this.chain.defaultOf(reg, version)
  }

  /**
   * Why `version` may not write a register while `newest` is in use, as a sentence; undefined
   * when it may. What the newer version removed may be written: those who have it see it.
   */
  writeFault(reg: Reg, version: number, newest: number): string | undefined {
    if (isReserved(reg)) return undefined
    const { entity } = this.chain
    const name = this.chain.nameIn(reg, version)
    if (name === undefined) return `${entity}: version ${version} has no register ${reg}`
    if (newest <= version) return undefined
    const field = `${entity}.${name}`
    // It has a name in this version, so it is a register of the chain.
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

/** The stored form of an unset, which every lens lets through. */
function isUnset(stored: Json): boolean {
  return (
    typeof stored === 'object' && stored !== null && '$unset' in stored && stored.$unset === true
  )
}
