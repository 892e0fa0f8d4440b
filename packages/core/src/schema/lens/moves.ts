/**
 * What a step does to a value, both ways: pure, total functions from JSON to JSON. A value
 * outside the domain gives `INVALID`, never an exception; `undefined` says that the field is
 * unset on the other side. The caller passes an unset by, it does not come here.
 *
 * A value cannot have keys that start with `$`. Values inside lists and objects may, so what a
 * step takes out of one is looked at: else it could pass for an unset.
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

/** The value has no form on the other side. */
export const INVALID: unique symbol = Symbol('invalid')

export type Moved = Json | undefined | typeof INVALID
export type Move = (value: Json) => Moved

export interface Moves {
  readonly up: Move
  readonly down: Move
}

/** `identity`: values stay as they are. `opaque`: this build lacks the functions of a `code` step. */
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

/** A field that may be `null` stays so: there is nothing to scale or to print. */
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

/** `null` in a table is a value, too. */
function missing(table: ReadonlyMap<Json, Json>, value: Json, fallback: Moved): Moved {
  return table.has(tableKey(value)) ? null : fallback
}

/** Equal values, equal keys. Texts get a quote before them, so that none looks like an object's. */
export function tableKey(value: Json): Json {
  if (typeof value === 'string') return `"${value}`
  return typeof value === 'object' && value !== null ? canonical(value) : value
}

function formatMoves(step: FormatStep): Moves {
  const found = formatPair(step.from, step.to)
  // A chain holds no such step; a move that refuses everything is the harmless answer.
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

/** An app's function must not keep a row from being shown, whatever it does. */
function guarded(run: (value: Json) => Json): Move {
  return (value) => {
    try {
      const made: unknown = run(value)
      if (made instanceof Promise) made.catch(() => {}) // refused below, and nobody waits for it
      return jsonFault(made) === undefined ? plain(frozenJson(made as Json)) : INVALID
    } catch {
      return INVALID
    }
  }
}

function plain(value: Json): Moved {
  return hasReservedKey(value) ? INVALID : value
}

/** An object with a key that starts with `$` is no value of a field. */
export function hasReservedKey(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).some((key) => key.startsWith('$'))
}
