/** The timers of one link, which can all be cancelled at once. */
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'

const BACKOFF_MIN_MS = 250
const BACKOFF_MAX_MS = 10_000

/**
 * Pause before the next try. Full jitter, so that not all stores greet a restarted reviewer at
 * once.
 */
export function backoffMs(failures: number, random: Random): number {
  return 20 + Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** Math.min(failures, 10)) * random.unit()
}

export class Timers {
  readonly #clock: Clock
  readonly #cancels = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  after(delayMs: number, task: () => void): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel)
      task()
    })
    this.#cancels.add(cancel)
  }

  clear(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }
}
