/**
 * The effect of a step on a value, in both directions: pure, total functions from JSON to JSON. A
 * value outside the domain gives `INVALID`, never an exception; `undefined` means that the field is
 * unset on the other side. An unset value bypasses these functions.
 *
 * A value cannot have keys that start with `$`. Values inside lists and objects may, so a value
 * that a step extracts is checked: otherwise it could be mistaken for an unset.
 */
import { canonical } from '../../base/canonical.ts'
import { type Json, frozenJson, jsonFault } from '../../base/json.ts'
import { formatPair } from './formats.ts'
import { scaled } from './scale.ts'
import {
  type CodeStep,
  type FormatStep,
  type HeadStep,
  type HoistStep,
  lossOf,
  type MapStep,
  type NestStep,
  type Step,
  type WrapStep,
} from './steps.ts'

/** The value cannot be translated. */
export const INVALID: unique symbol = Symbol('invalid')

export type Moved = Json | undefined | typeof INVALID
export type Move = (value: Json) => Moved

export interface Moves {
  readonly up: Move
  readonly down: Move
}

/** `identity`: values do not change. `opaque`: this build lacks the functions of a `code` step. */
export function movesOf(step: Step): Moves | 'identity' | 'opaque' {
  switch (step.op) {
    case 'add':
    case 'remove':
    case 'rename':
      return 'identity'
    case 'map':
      return mapMoves(step)
    case 'scale':
      return {
        up: orNull((value) => scaled(step, 'up', value) ?? INVALID),
        down: orNull((value) => scaled(step, 'down', value) ?? INVALID),
      }
    case 'format':
      return formatMoves(step)
    case 'wrap':
      return { up: listOf, down: (list) => firstOf(list, step) }
    case 'head':
      return { up: (list) => firstOf(list, step), down: listOf }
    case 'nest':
      return { up: nested(step), down: hoisted(step) }
    case 'hoist':
      return { up: hoisted(step), down: nested(step) }
    case 'code':
      return codeMoves(step)
  }
}

/** Keeps `null`, which cannot be scaled or printed. */
function orNull(move: Move): Move {
  return (value) => (value === null ? null : move(value))
}

function mapMoves(step: MapStep): Moves {
  const ups = new Map<Json, Json>()
  const downs = new Map<Json, Json>()
  for (const [old, next] of step.table) {
    if (!ups.has(tableKey(old))) ups.set(tableKey(old), next)
    if (!downs.has(tableKey(next))) downs.set(tableKey(next), old)
  }
  const outside = (fallback: Json | undefined): Moved =>
    fallback === undefined ? INVALID : fallback
  const up = outside(step.up)
  const down = outside(step.down)
  return {
    up: (value) => ups.get(tableKey(value)) ?? missing(ups, value, up),
    down: (value) => downs.get(tableKey(value)) ?? missing(downs, value, down),
  }
}

/** Separates a stored `null` from a missing value. */
function missing(table: ReadonlyMap<Json, Json>, value: Json, fallback: Moved): Moved {
  return table.has(tableKey(value)) ? null : fallback
}

/**
 * Equal keys for equal values. A string gets a quote before it, so it never equals an object's key.
 */
export function tableKey(value: Json): Json {
  if (typeof value === 'string') return `"${value}`
  return typeof value === 'object' && value !== null ? canonical(value) : value
}

function formatMoves(step: FormatStep): Moves {
  const found = formatPair(step.from, step.to)
  // A valid chain has no such step; rejecting every value is harmless.
  if (!found) return { up: () => INVALID, down: () => INVALID }
  const { pair, up } = found
  const loss = lossOf(step)
  const read = (up === 'parse' ? loss.up : loss.down) ? pair.parseLoosely : pair.parse
  const print = orNull((value) => pair.print(value) ?? INVALID)
  const parse = orNull((text) => read(text) ?? INVALID)
  return up === 'print' ? { up: print, down: parse } : { up: parse, down: print }
}

function listOf(value: Json): Moved {
  return Object.freeze([value])
}

function firstOf(list: Json, step: WrapStep | HeadStep): Moved {
  if (!Array.isArray(list)) return INVALID
  return list.length === 0 ? step.empty : plain(list[0] as Json)
}

function nested(step: NestStep | HoistStep): Move {
  return (value) => Object.freeze({ [step.key]: value })
}

function hoisted(step: NestStep | HoistStep): Move {
  const { key } = step
  const exact = step.lossy === undefined
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return INVALID
    const object = value as { readonly [key: string]: Json }
    const has = Object.hasOwn(object, key)
    if (exact && (!has || Object.keys(object).length !== 1)) return INVALID
    return has ? plain(object[key]!) : undefined
  }
}

function codeMoves(step: CodeStep): Moves | 'opaque' {
  const { up, down } = step
  if (!up || !down) return 'opaque'
  return { up: guarded(up), down: guarded(down) }
}

/** A throwing or wrong function of the app must not hide the row. */
function guarded(run: (value: Json) => Json): Move {
  return (value) => {
    try {
      const made: unknown = run(value)
      if (made instanceof Promise) made.catch(() => {}) // rejected below; its failure is ignored
      return jsonFault(made) === undefined ? plain(frozenJson(made as Json)) : INVALID
    } catch {
      return INVALID
    }
  }
}

function plain(value: Json): Moved {
  return hasReservedKey(value) ? INVALID : value
}

/** Whether the value is an object with a key that starts with `$`, which no field may hold. */
export function hasReservedKey(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).some((key) => key.startsWith('$'))
}
