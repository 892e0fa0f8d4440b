/** Core's clock port in Node. */
import type { Clock } from '@countersign/core/ports'

/** The longest delay that `setTimeout` takes, ms. */
const TIMER_MS_MAX = 2_147_483_647

/**
 * A clock on Node's timers. `soon` runs after all readable input was read, so that messages that
 * arrive together are committed together. Its timers do not keep the process alive.
 */
export function nodeClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    after,
    soon: (task) => void setImmediate(task),
  }
}

function after(delayMs: number, task: () => void): () => void {
  const due = performance.now() + delayMs
  let timer: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    // Node's timers may fire a fraction of a millisecond early; the port requires never early.
    timer = setTimeout(
      () => {
        const left = due - performance.now()
        if (left > 0) arm(left)
        else task()
      },
      Math.min(Math.ceil(leftMs), TIMER_MS_MAX),
    ).unref()
  }
  arm(delayMs)
  return () => clearTimeout(timer)
}
