/**
 * What the effect of a step on a value is made of: pure, total functions from JSON to JSON. A
 * value outside the domain gives `INVALID`, never an exception; `undefined` means that the field is
 * unset on the other side. An unset value bypasses these functions.
 *
 * A value cannot have keys that start with `$`. Values inside lists and objects may, so a value
 * that a step extracts is checked: otherwise it could be mistaken for an unset.
 */
import type { Json } from '../../base/json.ts'

/** The value cannot be translated. */
export const INVALID: unique symbol = Symbol('invalid')

export type Moved = Json | undefined | typeof INVALID
export type Move = (value: Json) => Moved

export interface Moves {
  readonly up: Move
  readonly down: Move
}

/** Keeps `null`, which cannot be scaled or printed. */
export function orNull(move: Move): Move {
  return (value) => (value === null ? null : move(value))
}

/** A value that a step extracts. */
export function plain(value: Json): Moved {
  return hasReservedKey(value) ? INVALID : value
}

/** Whether the value is an object with a key that starts with `$`, which no field may hold. */
export function hasReservedKey(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).some((key) => key.startsWith('$'))
}
