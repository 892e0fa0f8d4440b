/**
 * Versions of a type, read naively: PROTOCOL 13 written down over the list of steps as it was
 * declared, which is walked anew, one step after the other, for every value. Shares no code with
 * core's lenses; it knows the steps that the world declares, and throws at any other.
 *
 *   register   a field from where it begins to where it ends, under its first name, for ever
 *   seen       what its author wrote, carried step by step to the reader's version
 */
import type { Json, Step } from '@countersign/core'

/** What somebody knows of a type: the fields of version 1, and what leads to 2, 3 and so on. */
export interface KnownType {
  readonly fields: readonly string[]
  readonly versions: readonly KnownVersion[]
}

export interface KnownVersion {
  readonly revision: number
  readonly steps: readonly Step[]
}

/** A value as a version sees it. */
export type Seen =
  | { readonly kind: 'value'; readonly value: Json }
  | { readonly kind: 'unset' | 'absent' | 'invalid' }
  | { readonly kind: 'opaque'; readonly needs: number }

const INVALID: Seen = { kind: 'invalid' }

/** Where a field stands in the list of all steps, and under which name. */
interface Place {
  readonly name: string
  readonly at: number
}

export class Versions {
  readonly #steps: readonly Step[]
  /** How many steps lie before each version. */
  readonly #places: readonly number[]
  /** Where each register begins. */
  readonly #begins = new Map<string, Place>()

  constructor({ fields, versions }: KnownType) {
    this.#steps = versions.flatMap(({ steps }) => steps)
    const places = [0]
    for (const { steps } of versions) places.push(places.at(-1)! + steps.length)
    this.#places = places
    for (const name of fields) this.#begins.set(name, { name, at: 0 })
    for (const [at, step] of this.#steps.entries()) {
      if (step.op !== 'add') continue
      let reg = step.field
      while (this.#begins.has(reg)) reg += `@${this.#versionAt(at)}`
      this.#begins.set(reg, { name: step.field, at: at + 1 })
    }
  }

  get newest(): number {
    return this.#places.length
  }

  /** Field name to register. */
  fieldsIn(version: number): ReadonlyMap<string, string> {
    const found = [...this.#begins.keys()].map((reg) => [this.nameOf(reg, version), reg] as const)
    return new Map(found.flatMap(([name, reg]) => (name === undefined ? [] : [[name, reg]])))
  }

  /** The name of a register in a version that is known; undefined where it has none. */
  nameOf(reg: string, version: number): string | undefined {
    const begin = this.#begins.get(reg)
    const end = this.#places[version - 1]
    if (!begin || end === undefined || end < begin.at) return undefined
    let { name } = begin
    for (const step of this.#steps.slice(begin.at, end)) {
      if (step.field !== name) continue
      if (step.op === 'remove') return undefined
      name = after(step)
    }
    return name
  }

  /** How `to` sees what was written to a register in `from`. */
  seen(reg: string, stored: Json, [from, to]: readonly [number, number]): Seen {
    const name = this.nameOf(reg, from)
    if (to > this.newest || from > this.newest) {
      const isAbsent = to <= this.newest && this.nameOf(reg, to) === undefined
      if (isAbsent) return { kind: 'absent' }
      return isUnset(stored) ? { kind: 'unset' } : { kind: 'opaque', needs: Math.max(from, to) }
    }
    if (this.nameOf(reg, to) === undefined) return { kind: 'absent' }
    if (isUnset(stored)) return { kind: 'unset' }
    if (name === undefined) return INVALID
    const needs = this.#lackedBetween(reg, [from, to])
    if (needs !== undefined) return { kind: 'opaque', needs }
    return this.#carried({ name, at: this.#places[from - 1]! }, stored, this.#places[to - 1]!)
  }

  /** What a version shows where nobody wrote the register. */
  fallback(reg: string, version: number): Json | undefined {
    const begin = this.#begins.get(reg)!
    const to = this.#places[version - 1]!
    const added = this.#steps[begin.at - 1]
    if (added?.op === 'add' && added.default !== undefined && begin.at > 0)
      return this.#shown(begin, added.default, to)
    const end = this.#stepsOn(reg).find(({ step }) => step.op === 'remove')
    if (end?.step.op !== 'remove' || end.step.default === undefined) return undefined
    return this.#shown({ name: end.step.field, at: end.at }, end.step.default, to)
  }

  /** Whether a version sees all that a register holds in the newer ones, or may write it anyway. */
  mayWrite(reg: string, version: number): boolean {
    const later = this.#stepsOn(reg).filter(({ at }) => at >= this.#places[version - 1]!)
    return later.every(({ step }) => isSeenWhole(step) || mayBeWrittenBlind(step))
  }

  #versionAt(at: number): number {
    return this.#places.findIndex((place) => place > at) + 1
  }

  /** The newest version between the two in which code is missing. */
  #lackedBetween(reg: string, ends: readonly [number, number]): number | undefined {
    const [low, high] = [this.#places[Math.min(...ends) - 1]!, this.#places[Math.max(...ends) - 1]!]
    const lacked = this.#stepsOn(reg).findLast(
      ({ step, at }) => at >= low && at < high && step.op === 'code' && !step.up,
    )
    return lacked && this.#versionAt(lacked.at)
  }

  /** The steps that concern a register, where they stand. */
  #stepsOn(reg: string): readonly { readonly step: Step; readonly at: number }[] {
    const begin = this.#begins.get(reg)!
    const found: { readonly step: Step; readonly at: number }[] = []
    let { name } = begin
    for (let { at } = begin; at < this.#steps.length; at++) {
      const step = this.#steps[at]!
      if (step.field !== name) continue
      found.push({ step, at })
      if (step.op === 'remove') break
      name = after(step)
    }
    return found
  }

  #carried({ name, at }: Place, value: Json, to: number): Seen {
    let here = name
    let seen: Seen = { kind: 'value', value }
    const isUp = to > at
    const way = isUp ? this.#steps.slice(at, to) : this.#steps.slice(to, at).reverse()
    for (const step of way) {
      const [from, next] = isUp ? [step.field, after(step)] : [after(step), step.field]
      if (from !== here) continue
      here = next
      if (seen.kind === 'value') seen = changed(step, seen.value, isUp)
    }
    return seen
  }

  #shown(from: Place, value: Json, to: number): Json | undefined {
    const seen = this.#carried(from, value, to)
    return seen.kind === 'value' ? seen.value : undefined
  }
}

/**
 * What a build knows by its own declaration and by what was published: of each version the
 * highest revision, with its own functions for code that came by name.
 */
export function knownTogether(own: KnownType, published: readonly KnownType[]): KnownType {
  let { versions } = own
  for (const other of published) {
    const most = Math.max(versions.length, other.versions.length)
    versions = Array.from({ length: most }, (_, i) => {
      const [mine, theirs] = [versions[i], other.versions[i]]
      if (!theirs || (mine && mine.revision >= theirs.revision)) return mine!
      return { ...theirs, steps: theirs.steps.map((step) => withFunctions(step, mine)) }
    })
  }
  return { fields: own.fields, versions }
}

function withFunctions(step: Step, mine: KnownVersion | undefined): Step {
  if (step.op !== 'code') return step
  return mine?.steps.find((other) => other.op === 'code' && other.name === step.name) ?? step
}

/** The name of its field after a step. */
function after(step: Step): string {
  return step.op === 'rename' || step.op === 'map' ? step.to : step.field
}

function changed(step: Step, value: Json, isUp: boolean): Seen {
  switch (step.op) {
    case 'rename':
      return is(value)
    case 'map': {
      const pairs = step.table.map(([old, next]) => (isUp ? [old, next] : [next, old]))
      const found = pairs.find(([key]) => JSON.stringify(key) === JSON.stringify(value))
      return is(found ? found[1]! : isUp ? step.up : step.down)
    }
    case 'scale': {
      if (typeof value !== 'number' || step.round) throw new Error('only exact scales of numbers')
      const made = inDecimals(isUp ? value * step.factor : value / step.factor)
      const back = inDecimals(isUp ? made / step.factor : made * step.factor)
      return back === value ? is(made) : INVALID
    }
    case 'wrap':
      if (isUp) return is([value])
      if (!Array.isArray(value)) return INVALID
      return value.length > 0 ? is(value[0] as Json) : { kind: 'unset' }
    case 'code':
      if (!step.up || !step.down) return { kind: 'opaque', needs: 0 }
      try {
        return is(isUp ? step.up(value) : step.down(value))
      } catch {
        return INVALID
      }
    default:
      throw new Error(`the naive reading has no ${step.op}`)
  }
}

function is(value: Json | undefined): Seen {
  return value === undefined ? INVALID : { kind: 'value', value }
}

function inDecimals(value: number): number {
  return Number(value.toPrecision(15))
}

function isSeenWhole(step: Step): boolean {
  if (step.op === 'wrap') return false
  if (step.op === 'code' && !step.up) return false
  return !('lossy' in step && (step.lossy === 'down' || step.lossy === 'both'))
}

function mayBeWrittenBlind(step: Step): boolean {
  const isLacked = step.op === 'code' && !step.up
  return !isLacked && 'backport' in step && step.backport === 'allow'
}

function isUnset(stored: Json): boolean {
  return typeof stored === 'object' && stored !== null && '$unset' in stored
}
