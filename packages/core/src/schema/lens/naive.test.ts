/**
 * Compares lenses with a second implementation of the same steps, over random chains and writers.
 * The second one is naive: it walks the declared list, step by step, for every value. It shares no
 * code with the lenses: numbers are fractions of big integers, dates use the machine's calendar,
 * tables are searched, nothing is compiled or cached.
 */
import { describe, expect, test } from 'vitest'
import type { Json } from '../../base/json.ts'
import { SeededRandom } from '../../testing/seeded-random.ts'
import type { Chain } from './chain.ts'
import { begun, extended } from './declare.ts'
import { Lenses, type Translated } from './path.ts'
import { Dice, type MadeUp, STRAY, someChain, someValue } from './random-chains.ts'
import type { HoistStep, MapStep, NestStep, ScaleStep, Step } from './step.ts'

const BAD = 'bad'
const UNSET = 'unset'
type Way = 'up' | 'down'

/** A value, wrapped to distinguish it from the two words. */
type Thing = { readonly json: Json } | typeof BAD | typeof UNSET

interface Token {
  readonly name: string
  readonly thing: Thing
}

/**
 * Translates a field from after `from` steps of the whole list to after `to` of them. Undefined:
 * it was removed, or not added yet.
 */
function carry(
  steps: readonly Step[],
  token: Token,
  [from, to]: readonly [number, number],
): Token | undefined {
  let now: Token | undefined = token
  for (let at = from; now && at < to; at++) now = stepped(steps[at]!, now, 'up')
  for (let at = from - 1; now && at >= to; at--) now = stepped(steps[at]!, now, 'down')
  return now
}

function stepped(step: Step, token: Token, way: Way): Token | undefined {
  const after = step.op === 'rename' || step.op === 'map' ? step.to : step.field
  const [here, there] = way === 'up' ? [step.field, after] : [after, step.field]
  if (token.name !== here) return token
  if (step.op === 'add' || step.op === 'remove') {
    const ends = (step.op === 'remove') === (way === 'up')
    return ends ? undefined : token
  }
  const { thing } = token
  return { name: there, thing: typeof thing === 'string' ? thing : changed(step, thing.json, way) }
}

function changed(step: Step, json: Json, way: Way): Thing {
  switch (step.op) {
    case 'map':
      return mapped(step, json, way)
    case 'scale':
      return json === null ? { json } : thingOf(reckoned(step, json, way))
    case 'format':
      return json === null ? { json } : thingOf(reformed(step, json, way))
    case 'wrap':
      return way === 'up' ? { json: [json] } : first(json, step.empty)
    case 'head':
      return way === 'down' ? { json: [json] } : first(json, step.empty)
    case 'nest':
      return way === 'up' ? { json: { [step.key]: json } } : inside(step, json)
    case 'hoist':
      return way === 'down' ? { json: { [step.key]: json } } : inside(step, json)
    case 'code':
      return clean(step[way]!(json))
    default:
      return { json }
  }
}

function thingOf(json: Json | undefined): Thing {
  return json === undefined ? BAD : { json }
}

function same(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function clean(json: Json): Thing {
  const text = JSON.stringify(json)
  return text.startsWith('{"$') ? BAD : { json }
}

function mapped(step: MapStep, json: Json, way: Way): Thing {
  const turned = way === 'up' ? step.table : step.table.map(([old, next]) => [next, old] as const)
  const found = turned.find(([key]) => same(key, json))
  return thingOf(found ? found[1] : step[way])
}

function first(json: Json, empty: Json | undefined): Thing {
  if (!Array.isArray(json)) return BAD
  if (json.length > 0) return clean(json[0] as Json)
  return empty === undefined ? UNSET : { json: empty }
}

function inside(step: NestStep | HoistStep, json: Json): Thing {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return BAD
  const entries = Object.entries(json as Record<string, Json>)
  const found = entries.find(([key]) => key === step.key)
  if (step.lossy) return found ? clean(found[1]) : UNSET
  return found && entries.length === 1 ? clean(found[1]) : BAD
}

function reformed(step: Step & { op: 'format' }, json: Json, way: Way): Json | undefined {
  const [from, to] = way === 'up' ? [step.from, step.to] : [step.to, step.from]
  const loose = step.lossy === way || step.lossy === 'both'
  switch (`${from} ${to}`) {
    case 'number string':
      return typeof json === 'number' ? `${json}` : undefined
    case 'string number': {
      if (typeof json !== 'string' || json.trim() === '' || !Number.isFinite(Number(json)))
        return undefined
      return loose || `${Number(json)}` === json ? Number(json) : undefined
    }
    case 'boolean string':
      return json === true ? 'true' : json === false ? 'false' : undefined
    case 'string boolean':
      return json === 'true' || json === 'false' ? json === 'true' : undefined
    case 'boolean number':
      return json === true ? 1 : json === false ? 0 : undefined
    case 'number boolean':
      return json === 1 || json === 0 ? json === 1 : undefined
    default:
      return from === 'epochMs' ? printed(json) : instant(json)
  }
}

/** The calendar of the machine, which the lenses do not use. */
function printed(json: Json): Json | undefined {
  const at = typeof json === 'number' && Number.isInteger(json) ? new Date(json) : undefined
  return at && Number.isFinite(at.getTime()) ? at.toISOString() : undefined
}

function instant(json: Json): Json | undefined {
  if (typeof json !== 'string') return undefined
  const at = new Date(json).getTime()
  return Number.isFinite(at) && printed(at) === json ? at : undefined
}

type Fraction = readonly [over: bigint, under: bigint]

function reckoned(step: ScaleStep, json: Json, way: Way): number | undefined {
  if (typeof json !== 'number') return undefined
  const there = moved(step, json, way)
  if (there === undefined || step.round?.[way] !== undefined) return there
  const back = moved(step, there, way === 'up' ? 'down' : 'up')
  return back === json ? there : undefined
}

function moved(step: ScaleStep, value: number, way: Way): number | undefined {
  const [a, b] = fraction(value)
  const [c, d] = fraction(step.factor)
  const exact: Fraction = way === 'up' ? [a * c, b * d] : [a * d, b * c]
  const kept = digits15(exact)
  const decimals = step.round?.[way]
  const made = decimals === undefined ? kept : atDecimals(fraction(kept), decimals)
  return Number.isFinite(made) ? made : undefined
}

/** A number as the decimal fraction that is printed for it. */
function fraction(value: number): Fraction {
  const [mantissa = '', exponent = '0'] = `${value}`.split('e')
  const [whole = '', part = ''] = mantissa.split('.')
  const over = BigInt(whole + part)
  const tens = Number(exponent) - part.length
  return tens >= 0 ? [over * 10n ** BigInt(tens), 1n] : [over, 10n ** BigInt(-tens)]
}

/** Half away from zero. */
function rounded([over, under]: Fraction): bigint {
  const [a, b] = [over < 0n ? -over : over, under < 0n ? -under : under]
  const size = (2n * a + b) / (2n * b)
  return over < 0n === under < 0n ? size : -size
}

function atDecimals([over, under]: Fraction, decimals: number): number {
  return Number(`${rounded([over * 10n ** BigInt(decimals), under])}e-${decimals}`)
}

function digits15([over, under]: Fraction): number {
  if (over === 0n) return 0
  let tens = 0
  let at: Fraction = [over, under]
  const size = (): bigint => {
    const cut = at[0] / at[1]
    return cut < 0n ? -cut : cut
  }
  for (; size() >= 10n ** 15n; tens++) at = [at[0], at[1] * 10n]
  for (; size() < 10n ** 14n; tens--) at = [at[0] * 10n, at[1]]
  return Number(`${rounded(at)}e${tens}`)
}

/** The number of steps of the whole list before each version. */
function placesOf({ versions }: MadeUp): readonly number[] {
  const places = [0]
  for (const steps of versions) places.push(places.at(-1)! + steps.length)
  return places
}

/** By version and name: the value shown for a register that was never written. */
function naiveDefaults(made: MadeUp): ReadonlyMap<string, Json> {
  const steps = made.versions.flat()
  const places = placesOf(made)
  const found = new Map<string, Json>()
  for (const op of ['add', 'remove'] as const) {
    for (const [at, step] of steps.entries()) {
      if (step.op !== op || step.default === undefined) continue
      const token = { name: step.field, thing: { json: step.default } }
      const from = op === 'add' ? at + 1 : at
      for (const [index, place] of places.entries()) {
        if (op === 'add' ? place <= at : place > at) continue
        const there = carry(steps, token, [from, place])
        const key = there && `${index + 1} ${there.name}`
        if (!key || typeof there.thing === 'string' || found.has(key)) continue
        found.set(key, there.thing.json)
      }
    }
  }
  return found
}

/** A chain as the library makes it; undefined when it rejects an untranslatable default. */
function declared(made: MadeUp): Chain | undefined {
  let chain = begun('thing', made.fields)
  for (const [index, steps] of made.versions.entries()) {
    if (!chain.ok) break
    chain = extended(chain.value, { steps, fields: made.forms[index + 1]!.keys() })
  }
  if (chain.ok) return chain.value
  expect(chain.error.message).toMatch(/default .* cannot be translated/)
  return undefined
}

interface Write {
  readonly version: number
  readonly field: string
  readonly stored: Json
}

function someWrite(dice: Dice, { forms }: MadeUp): Write | undefined {
  const version = 1 + dice.below(forms.length)
  const fields = [...forms[version - 1]!]
  if (fields.length === 0) return undefined
  const [field, form] = dice.pick(fields)
  const stored = dice.chance(0.08)
    ? { $unset: true }
    : dice.chance(0.25)
      ? dice.pick(STRAY)
      : someValue(dice, form)
  return { version, field, stored }
}

function asToken({ field, stored }: Write): Token {
  return {
    name: field,
    thing: JSON.stringify(stored) === '{"$unset":true}' ? UNSET : { json: stored },
  }
}

/** The result of the second implementation, in the library's form. */
function inWords(token: Token | undefined, raw: Json): Translated {
  if (token === undefined) return { kind: 'absent' }
  if (token.thing === BAD) return { kind: 'invalid', raw }
  return token.thing === UNSET ? { kind: 'unset' } : { kind: 'value', value: token.thing.json }
}

const text = (value: unknown): string => JSON.stringify(value)

function valueIn(seen: Translated): Json | undefined {
  return seen.kind === 'value' ? seen.value : undefined
}

function inOrder(row: ReadonlyMap<string, Json>): string {
  return text([...row.keys()].sort().map((name) => [name, row.get(name)]))
}

describe('against a naive reading', () => {
  test('VER2, VER4 every value, from every version to every other', () => {
    const kinds: Record<string, number> = {}
    let refused = 0
    for (let seed = 1; seed <= 600; seed++) {
      const dice = new Dice(new SeededRandom(seed))
      const made = someChain(dice)
      const chain = declared(made)
      if (!chain) refused++
      if (!chain) continue
      const lenses = new Lenses(chain)
      const steps = made.versions.flat()
      const places = placesOf(made)
      for (let count = 0; count < 12; count++) {
        const write = someWrite(dice, made)
        if (!write) continue
        const reg = chain.fieldsIn(write.version).get(write.field)!
        for (let reader = 1; reader <= chain.version; reader++) {
          const way = [places[write.version - 1]!, places[reader - 1]!] as const
          const expected = carry(steps, asToken(write), way)
          const seen = lenses.path(reg, write.version, reader).translate(write.stored)
          kinds[seen.kind] = (kinds[seen.kind] ?? 0) + 1
          const about = `seed ${seed}: ${text(write)} seen by ${reader}, ${text(made.versions)}`
          expect(chain.nameIn(reg, reader), about).toBe(expected?.name)
          expect(text(seen), about).toBe(text(inWords(expected, write.stored)))
          if (lenses.isIdentity(reg, write.version, reader) && seen.kind === 'value') {
            expect(seen.value, about).toBe(write.stored)
          }
        }
      }
    }
    // The seeds cover every case, and often.
    expect(refused).toBeLessThan(60)
    for (const kind of ['value', 'unset', 'invalid', 'absent'])
      expect(kinds[kind]).toBeGreaterThan(500)
  })

  test('VER4, VER5 whole rows of writers of every version, with defaults', () => {
    let defaults = 0
    for (let seed = 1_001; seed <= 1_400; seed++) {
      const dice = new Dice(new SeededRandom(seed))
      const made = someChain(dice)
      const chain = declared(made)
      if (!chain) continue
      const lenses = new Lenses(chain)
      const places = placesOf(made)
      const fallbacks = naiveDefaults(made)
      const writes = Array.from({ length: 5 }, () => someWrite(dice, made)).filter(
        (w) => w !== undefined,
      )
      const last = new Map(
        writes.map((write) => [chain.fieldsIn(write.version).get(write.field)!, write]),
      )
      for (let reader = 1; reader <= chain.version; reader++) {
        const row = new Map<string, Json>()
        for (const [name, reg] of chain.fieldsIn(reader)) {
          const write = last.get(reg)
          const seen: Translated | undefined = write
            ? lenses.path(reg, write.version, reader).translate(write.stored)
            : undefined
          const shown = seen ? valueIn(seen) : lenses.defaultOf(reg, reader)
          if (shown !== undefined) row.set(name, shown)
          if (!seen && shown !== undefined) defaults++
        }
        const naive = new Map<string, Json>()
        const taken = new Set<string>()
        for (const write of writes) {
          const way = [places[write.version - 1]!, places[reader - 1]!] as const
          const token = carry(made.versions.flat(), asToken(write), way)
          if (!token) continue
          taken.add(token.name)
          if (typeof token.thing === 'string') naive.delete(token.name)
          else naive.set(token.name, token.thing.json)
        }
        for (const name of made.forms[reader - 1]!.keys()) {
          const fallback = fallbacks.get(`${reader} ${name}`)
          if (!taken.has(name) && fallback !== undefined) naive.set(name, fallback)
        }
        const about = `seed ${seed}, version ${reader}: ${text(writes)}, ${text(made.versions)}`
        expect(inOrder(row), about).toBe(inOrder(naive))
      }
    }
    expect(defaults).toBeGreaterThan(100)
  })
})
