/** Checks of options that steps of several names have. */
import { JSON_BOUNDS, type Json, isForbiddenKey, jsonFault } from '../../../base/json.ts'
import { hasReservedKey } from '../moves.ts'
import type { Check } from '../step-rule.ts'

/** Values in steps are flatter than values of fields, so that a chain fits into a field. */
const STEP_JSON = { ...JSON_BOUNDS, depthMax: 8 }

/** Why a value may not be used in a step, or undefined. */
export function valueFault(value: unknown): string | undefined {
  const fault = jsonFault(value, STEP_JSON)
  if (fault !== undefined) return fault
  return hasReservedKey(value as Json) ? 'a key of a value cannot start with $' : undefined
}

/** The value is one of these. */
export function oneOf(...words: readonly string[]): Check {
  return (value) =>
    words.some((word) => word === value) ? undefined : `it is one of: ${words.join(', ')}`
}

export const lossy: Check = oneOf('up', 'down', 'both')
export const backport: Check = oneOf('allow')

/** Why a value is not the key of an object in a value, or undefined. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string' || !key.isWellFormed()) return 'a key must be a string'
  return isForbiddenKey(key) || key.startsWith('$') ? 'this key is forbidden' : undefined
}
