/**
 * The author's clock in a message: whole milliseconds since 1970 that a `Date` can hold. It is
 * for logs and screens, never for order; so a store clamps a clock that is out of range, while
 * a reviewer rejects an invalid timestamp of another client.
 */
import type { Clock } from '../ports/clock.ts'

/** The last moment that a `Date` can hold, ms since 1970 (ECMA-262, 21.4.1.1). */
export const TIMESTAMP_MAX_MS = 8.64e15

/** The nearest valid timestamp; 0 for NaN. */
export function timestampOf(ms: number): number {
  if (Number.isNaN(ms)) return 0
  return Math.trunc(Math.min(Math.max(ms, 0), TIMESTAMP_MAX_MS)) + 0 // never -0
}

/** Why a number is not a valid timestamp, or undefined. */
export function timestampFault(ms: number): string | undefined {
  if (ms >= 0 && ms <= TIMESTAMP_MAX_MS) return undefined
  return `the timestamp ${ms} is not between 0 and ${TIMESTAMP_MAX_MS} ms since 1970; check the clock of the device`
}

/** A clock whose wall time is always a valid timestamp. */
export function correctedClock(clock: Clock): Clock {
  return {
    now: () => timestampOf(clock.now()),
    monotonic: () => clock.monotonic(),
    after: (delayMs, task) => clock.after(delayMs, task),
    soon: (task) => clock.soon(task),
    // The condition has checked that it is there.
    ...(clock.afterPaint && { afterPaint: (task) => clock.afterPaint!(task) }),
  }
}
