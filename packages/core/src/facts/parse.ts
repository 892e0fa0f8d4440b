/**
 * Validates untrusted parts of messages and reviews. A check returns the fault as a sentence, and
 * never throws.
 */
import { type Json, isForbiddenKey, jsonFault } from '../base/json.ts'
import { isRedacted } from '../schema/redacted.ts'
import { isUnset } from '../schema/unset.ts'
import { operationIn } from '../schema/operations.ts'
import { operationFault } from '../schema/operation-input.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { Assigned } from './message.ts'

/** The change that values are assigned to. */
interface Shape {
  readonly kind: string
  readonly regs: readonly string[]
}

/** Hard limit that no deployment can raise: larger input is not parsed. */
const ABSOLUTE_MAX = 4_096

/** Whether an untrusted value is a whole number from 0 to `max`. */
export function isCount(value: unknown, max: number = Number.MAX_SAFE_INTEGER): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max
}

/** The fault of the key of a register, or undefined. */
export function regFault(reg: string): string | undefined {
  if (reg.length === 0 || reg.length > 256 || !reg.isWellFormed())
    return 'a register key has 1 to 256 characters'
  // NUL separates the names of a set of registers where one text represents the set.
  if (isForbiddenKey(reg) || reg === 'id' || reg.includes('\u0000'))
    return `the register ${reg} is forbidden`
  return reg.startsWith('$') && reg !== ARCHIVED ? `the register ${reg} is reserved` : undefined
}

/** The fault of the values that a reviewer assigned to a change, or undefined. */
export function assignedFault(
  assigned: unknown,
  shape?: Shape,
  mayBeRedacted = false,
): string | undefined {
  if (typeof assigned !== 'object' || assigned === null || Array.isArray(assigned))
    return 'assigned values are not an object'
  const regs = Object.keys(assigned)
  if (regs.length > ABSOLUTE_MAX) return 'too many assigned values'
  for (const reg of regs) {
    const fault = regFault(reg) ?? valueFault(reg, (assigned as Assigned)[reg]!, mayBeRedacted)
    if (fault) return fault
    if (reg === ARCHIVED) return '$archived cannot be assigned'
    if (shape?.regs.includes(reg)) return `${reg} is assigned, and written by the author`
  }
  return shape && shape.kind !== 'create' && regs.length > 0
    ? 'values are assigned to creations only'
    : undefined
}

/** The fault of a value of a register, or undefined. `mayBeRedacted`: where values may be erased. */
export function valueFault(reg: string, value: Json, mayBeRedacted = false): string | undefined {
  const fault = jsonFault(value)
  if (fault) return `${reg}: ${fault}`
  if (mayBeRedacted && isRedacted(value)) return undefined
  if (isUnset(value) && Object.keys(value as object).length === 1) return undefined
  if (reg === ARCHIVED) return typeof value === 'boolean' ? undefined : '$archived is true or false'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const operation = operationIn(value)
  if (operation) {
    const malformed = operationFault(operation)
    return malformed && `${reg}: ${malformed}`
  }
  return Object.keys(value).some((key) => key.startsWith('$'))
    ? `${reg}: an object cannot have a key that starts with $`
    : undefined
}

/** Whether the texts are strictly ascending by code unit. */
export function isSortedUnique(list: readonly string[]): boolean {
  for (let i = 1; i < list.length; i++) if (list[i - 1]! >= list[i]!) return false
  return true
}
