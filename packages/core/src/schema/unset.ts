/** The stored value of a field that its author has unset. */
import type { Json } from '../base/json.ts'

/** The value that unsets a register. A single object; compare by identity or `isUnset`. */
export const UNSET: Json = Object.freeze({ $unset: true })

/** The JSON to write, or `UNSET` for undefined; null is a value like any other. */
export function orUnset(json: Json | undefined): Json {
  return json === undefined ? UNSET : json
}

/** Whether a value unsets its field: `UNSET`, or the same as parsed from a message. */
export function isUnset(value: Json | undefined): boolean {
  if (value === UNSET) return true
  return typeof value === 'object' && value !== null && (value as { $unset?: Json }).$unset === true
}
