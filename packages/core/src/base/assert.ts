/**
 * Broken invariants. An assert that fails is a bug in this library, never bad
 * input and never an expected condition; it stays on in production.
 */

/** Thrown when an invariant of this library does not hold. The replica that meets it halts. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}
/** Throws an `InvariantError` with the message `what` unless the condition is truthy. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new InvariantError(what)
}

/** Marks a place that no value of a closed union can reach. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`)
}
