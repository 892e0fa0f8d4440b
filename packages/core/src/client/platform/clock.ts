/**
 * The clock of this browser or Node process. A file of its own, because a store needs it before the
 * rest of the platform is loaded.
 */
import type { Clock } from '../../ports/clock.ts'
import { type PaintGlobals, afterPaint } from './after-paint.ts'
import { type Turns, nextTurn } from './next-turn.ts'

/** The globals that are used, as browsers and Node have them. Core has no DOM types. */
interface TimeGlobals extends Turns, PaintGlobals {
  readonly performance: { now(): number }
  readonly queueMicrotask: (task: () => void) => void
}

/** Reads the globals of this process. */
export function systemClock(): Clock {
  const globals = globalThis as unknown as TimeGlobals
  const next = nextTurn(globals)
  return {
    now: () => Date.now(),
    monotonic: () => globals.performance.now(),
    after: (delayMs, task) => {
      if (delayMs === 0) return next(task)
      const timer = globals.setTimeout(task, delayMs)
      return () => globals.clearTimeout(timer)
    },
    soon: (task) => globals.queueMicrotask(task),
    ...(globals.requestAnimationFrame && { afterPaint: afterPaint(globals, next) }),
  }
}
