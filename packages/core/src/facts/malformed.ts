/**
 * Rejection of untrusted input in this folder: nested readers throw with `refuse`, and the public
 * reader returns the fault as an `Outcome`. Nothing else is caught, so a bug in a reader is not
 * mistaken for bad input.
 */
import { isHash, type Hash } from '../base/hash.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { isCount } from './parse.ts'

/** `invalid`: not well formed. `too_large`: well formed so far, but above a bound. */
export type MalformedCode = 'invalid' | 'too_large'

class Malformed extends Error {
  readonly code: MalformedCode

  constructor(code: MalformedCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Stops reading an untrusted text; `outcomeOf` returns the fault. @throws Malformed */
export function refuse(message: string, code: MalformedCode = 'invalid'): never {
  throw new Malformed(code, message)
}

/** Throws the fault of a check of `facts/parse.ts`, if any. @throws Malformed */
export function refuseFault(fault: string | undefined): void {
  if (fault !== undefined) refuse(fault)
}

/** Runs a reader; its `Malformed` becomes the error of the outcome. */
export function outcomeOf<T>(read: () => T): Outcome<T> {
  try {
    return ok(read())
  } catch (error) {
    if (error instanceof Malformed) return fail(error.code, error.message)
    throw error
  }
}

/** An untrusted value as a list of `min` to `max` elements. @throws Malformed */
export function listOf(
  value: unknown,
  what: string,
  bounds: { readonly min: number; readonly max: number },
): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(`${what}: a list is expected`)
  if (value.length < bounds.min || value.length > bounds.max)
    return refuse(
      `${what}: ${value.length} elements, ${bounds.min} to ${bounds.max} are allowed`,
      value.length > bounds.max ? 'too_large' : 'invalid',
    )
  return value
}

/** Any number of elements: the bytes of the text limit it. */
export const ANY: { readonly min: number; readonly max: number } = {
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
}

/**
 * An untrusted value as a list with optional last elements. Absent elements at the end are omitted;
 * an absent element before a present one is `null`. @throws Malformed
 */
export function tupleOf(
  value: unknown,
  what: string,
  { min, max }: { readonly min: number; readonly max: number },
): readonly unknown[] {
  if (!Array.isArray(value) || value.length < min || value.length > max)
    return refuse(`${what}: a list of ${min} to ${max} elements is expected`)
  if (value.length > min && value.at(-1) === null)
    return refuse(`${what}: an absent last element must be omitted`)
  return value
}

/** An untrusted value as a whole number, `min` or more. @throws Malformed */
export function countOf(value: unknown, what: string, min = 0): number {
  return isCount(value) && value >= min
    ? value
    : refuse(`${what}: a whole number from ${min} is expected`)
}

/** An untrusted value as a whole number of either sign. @throws Malformed */
export function wholeOf(value: unknown, what: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : refuse(`${what}: a whole number is expected`)
}

/** Whole numbers above `above`, ascending, without repeats. @throws Malformed */
export function ascendingOf(
  value: unknown,
  what: string,
  { above, below }: { readonly above: number; readonly below: number },
): readonly number[] {
  let last = above
  for (const item of listOf(value, what, ANY)) {
    if (!isCount(item) || item <= last || item >= below)
      return refuse(`${what}: numbers ascend between ${above} and ${below}`)
    last = item
  }
  return value as readonly number[]
}

/** An untrusted value as a string; `what` names it in the error. @throws Malformed */
export function textOf(value: unknown, what: string): string {
  return typeof value === 'string' ? value : refuse(`${what}: a string is expected`)
}

/** An untrusted value as a hash; `what` names it in the error. @throws Malformed */
export function hashOf(value: unknown, what: string): Hash {
  return isHash(value) ? value : refuse(`${what}: 43 characters of base64url are expected`)
}
