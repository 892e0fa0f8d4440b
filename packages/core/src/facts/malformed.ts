/**
 * How the readers of this folder refuse untrusted input: nested readers leave at once with
 * `refuse`, and the public reader returns the fault as an `Outcome`. Nothing else is caught, so a
 * bug in a reader is not taken for bad input.
 */
import { isHash, type Hash } from '../base/hash.ts'
import { type Outcome, fail, ok } from '../base/outcome.ts'
import { isCount } from './parse.ts'

/** `invalid`: not well formed. `too_large`: well formed as far as read, and above a bound. */
export type MalformedCode = 'invalid' | 'too_large'

class Malformed extends Error {
  readonly code: MalformedCode

  constructor(code: MalformedCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Ends the reading of an untrusted text; `outcomeOf` makes an outcome of it. @throws Malformed */
export function refuse(message: string, code: MalformedCode = 'invalid'): never {
  throw new Malformed(code, message)
}

/** Refuses where one of the checks of `facts/parse.ts` has found a fault. */
export function refuseFault(fault: string | undefined): void {
  if (fault !== undefined) refuse(fault)
}

/** Runs a reader. What it refuses is the error of the outcome. */
export function outcomeOf<T>(read: () => T): Outcome<T> {
  try {
    return ok(read())
  } catch (error) {
    if (error instanceof Malformed) return fail(error.code, error.message)
    throw error
  }
}

/** A list of `min` to `max` elements. */
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

/** Any number of elements: the bytes of the text bound it. */
export const ANY: { readonly min: number; readonly max: number } = {
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
}

/**
 * A list whose last elements are optional. An absent element at the end is left out; an absent element
 * before a present one is written as `null`.
 */
export function tupleOf(
  value: unknown,
  what: string,
  { min, max }: { readonly min: number; readonly max: number },
): readonly unknown[] {
  if (!Array.isArray(value) || value.length < min || value.length > max)
    return refuse(`${what}: a list of ${min} to ${max} elements is expected`)
  if (value.length > min && value.at(-1) === null)
    return refuse(`${what}: an absent last element is left out`)
  return value
}

/** A whole number, `min` or more. */
export function countOf(value: unknown, what: string, min = 0): number {
  return isCount(value) && value >= min
    ? value
    : refuse(`${what}: a whole number from ${min} is expected`)
}

/** A whole number, of either sign. */
export function wholeOf(value: unknown, what: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value)
    ? value
    : refuse(`${what}: a whole number is expected`)
}

/** Whole numbers above `above`, ascending, without repeats. */
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
