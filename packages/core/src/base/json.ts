/**
 * JSON values as this library stores them: bounded, without dangerous keys, and
 * frozen. Knows nothing of messages or schemas.
 */
import { type Bytes, bytesOf, isLongerThan, jsonStringBytes } from './size.ts'

/** Plain JSON, readonly. Numbers are finite; fields encode undefined, Date and bigint as JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/** Keys that could reach a prototype; they are rejected in all untrusted input. */
export function isForbiddenKey(key: string): boolean {
  return key === '__proto__' || key === 'prototype' || key === 'constructor'
}

export interface JsonBounds {
  /** Nested arrays and objects, counted from 1 for a flat one. */
  readonly depthMax: number
  /** Keys of one object, or elements of one array times 16. */
  readonly keysMax: number
  /** UTF-8 bytes of one string. */
  readonly stringBytesMax: number
  /**
   * Whether a key may have the value undefined, which `frozenJson` omits as JSON does. Default:
   * false.
   */
  readonly undefinedKeys?: boolean
}

export const JSON_BOUNDS: JsonBounds = { depthMax: 16, keysMax: 256, stringBytesMax: 65_536 }

/**
 * Maximum number of values in one field, nested ones included. It bounds the walk over a plain
 * object with many references to itself.
 */
const VALUES_MAX = 98_304

interface Walk {
  readonly bounds: JsonBounds
  valuesLeft: number
}

/** The reason why `value` is not a JSON value within bounds, or undefined. Never throws. */
export function jsonFault(value: unknown, bounds: JsonBounds = JSON_BOUNDS): string | undefined {
  try {
    return faultAt(value, { bounds, valuesLeft: VALUES_MAX }, 0)
  } catch {
    return 'it cannot be read: a getter or a proxy threw'
  }
}

function faultAt(value: unknown, walk: Walk, depth: number): string | undefined {
  switch (typeof value) {
    case 'boolean':
      return undefined
    case 'number':
      return Number.isFinite(value) ? undefined : 'a number must be finite'
    case 'string':
      return stringFault(value, walk.bounds)
    case 'object':
      if (value === null) return undefined
      if (depth >= walk.bounds.depthMax) return `nested deeper than ${walk.bounds.depthMax}`
      return Array.isArray(value)
        ? arrayFault(value, walk, depth + 1)
        : objectFault(value, walk, depth + 1)
    default:
      return `a ${typeof value} is not a JSON value`
  }
}

function stringFault(text: string, bounds: JsonBounds): string | undefined {
  if (isLongerThan(text, bounds.stringBytesMax)) {
    return `a string is longer than ${bounds.stringBytesMax} bytes`
  }
  return text.isWellFormed() ? undefined : 'a string holds half of a surrogate pair'
}

function arrayFault(list: readonly unknown[], walk: Walk, depth: number): string | undefined {
  const elementsMax = walk.bounds.keysMax * 16
  if (list.length > elementsMax) return `a list has more than ${elementsMax} elements`
  walk.valuesLeft -= list.length
  if (walk.valuesLeft < 0) return `more than ${VALUES_MAX} values in one field`
  for (let i = 0; i < list.length; i++) {
    const fault = faultAt(list[i], walk, depth)
    if (fault !== undefined) return fault
  }
  return undefined
}

function objectFault(object: object, walk: Walk, depth: number): string | undefined {
  const proto: unknown = Object.getPrototypeOf(object)
  if (proto !== null && proto !== Object.prototype && Object.getPrototypeOf(proto) !== null) {
    return `a ${object.constructor?.name ?? 'class instance'} is not plain data`
  }
  const keys = Object.keys(object)
  if (keys.length > walk.bounds.keysMax)
    return `an object has more than ${walk.bounds.keysMax} keys`
  walk.valuesLeft -= keys.length
  if (walk.valuesLeft < 0) return `more than ${VALUES_MAX} values in one field`
  for (const key of keys) {
    if (isForbiddenKey(key)) return `the key ${key} is forbidden`
    if (!key.isWellFormed()) return 'a key holds half of a surrogate pair'
    const value = (object as Record<string, unknown>)[key]
    if (value === undefined && walk.bounds.undefinedKeys) continue
    const fault = faultAt(value, walk, depth)
    if (fault !== undefined) return fault
  }
  return undefined
}

/** The longest number: -1.7976931348623157e+308. */
const NUMBER_BYTES_MAX = bytesOf(24)

/** An upper bound of `jsonBytes` that writes no text: a character takes at most 6 bytes. */
export function jsonBytesAtMost(value: Json): Bytes {
  if (typeof value === 'string') return bytesOf(value.length * 6 + 2)
  return typeof value === 'number' ? NUMBER_BYTES_MAX : jsonBytes(value)
}

/** The bytes of `JSON.stringify(value)`, without building that text. */
export function jsonBytes(value: Json): Bytes {
  if (typeof value === 'string') return jsonStringBytes(value)
  if (typeof value === 'number') return String(value).length as Bytes
  if (value === null || value === true) return 4 as Bytes
  if (value === false) return 5 as Bytes
  let bytes = 2
  let count = 0
  if (Array.isArray(value)) {
    count = value.length
    for (const item of value as readonly Json[]) bytes += jsonBytes(item)
  } else {
    const object = value as { readonly [key: string]: Json }
    for (const key of Object.keys(object)) {
      count++
      bytes += jsonStringBytes(key) + 1 + jsonBytes(object[key]!)
    }
  }
  return (bytes + Math.max(0, count - 1)) as Bytes
}

/**
 * A frozen deep copy, so that neither the app nor a reader can change a written value. Keys are in
 * the order of canonical JSON, as every other replica reads them.
 */
export function frozenJson(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value === 0 ? 0 : value // -0 is 0
  if (Array.isArray(value)) return Object.freeze((value as readonly Json[]).map(frozenJson))
  const copy: Record<string, Json> = {}
  const from = value as { readonly [key: string]: Json }
  for (const key of Object.keys(from).sort()) {
    const item = from[key]
    if (item !== undefined) copy[key] = frozenJson(item)
  }
  return Object.freeze(copy)
}

/** Equality by value: key order does not matter, `-0` equals `0`. */
export function jsonEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => jsonEqual(item as Json, b[i] as Json))
  }
  const left = a as { readonly [key: string]: Json }
  const right = b as { readonly [key: string]: Json }
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every((key) => Object.hasOwn(right, key) && jsonEqual(left[key], right[key]))
}
