/**
 * Steps the virtual clock of a world, event by event, until a condition holds. All that follows from one
 * event by promises happens before the next, since ports answer by promises; and before the first step,
 * what has begun sets its timers.
 */
import type { VirtualClock } from '@countersign/core/testing'
import type { Violation } from './violation.ts'

/** The world that is stepped: its clock, and the first promise that was broken in it. */
export interface Stepped {
  readonly clock: VirtualClock
  /** Nothing is stepped once there is one. */
  readonly violation: Violation | undefined
  /** Runs something; what it throws is a fault of the world. */
  guard(task: () => void): void
  fault(invariant: string, what: string): void
}

export interface StepperOptions {
  /** Virtual time between two looks at a condition, in ms; 0 looks before each event. */
  readonly lookEveryMs?: number
  /** What must hold at each look; it may throw. */
  readonly onLook?: () => void
  /** After each event, and all that follows from it. */
  readonly onEvent?: () => void
}

/** Gives a condition so many ms more, from now on. */
export type Extend = (mostMs: number) => void

const LOOK_EVERY_MS = 250
/** A world that does more than this is running in circles (L2). */
const EVENTS_MAX = 400_000

export class Stepper {
  readonly #stage: Stepped
  readonly #options: StepperOptions
  #events = 0

  constructor(stage: Stepped, options: StepperOptions = {}) {
    this.#stage = stage
    this.#options = options
  }

  get events(): number {
    return this.#events
  }

  /**
   * Steps until the condition holds at one of the looks. Returns false when the time was up before, or
   * a promise was broken.
   */
  async until(holds: (extend: Extend) => boolean, mostMs: number): Promise<boolean> {
    const { clock } = this.#stage
    const { lookEveryMs = LOOK_EVERY_MS, onLook } = this.#options
    await new Promise(setImmediate)
    let endMs = clock.monotonic() + mostMs
    let lookMs = clock.monotonic()
    const extend = (moreMs: number): void => void (endMs = clock.monotonic() + moreMs)
    while (!this.#stage.violation && clock.monotonic() < endMs) {
      if (clock.monotonic() >= lookMs || clock.nextMs === undefined) {
        if (onLook) this.#stage.guard(onLook)
        if (holds(extend)) return true
        lookMs = clock.monotonic() + lookEveryMs
      }
      await this.#step()
    }
    return !this.#stage.violation && holds(extend)
  }

  /** Steps through so many ms. */
  async pass(ms: number): Promise<void> {
    const { clock } = this.#stage
    const endMs = clock.monotonic() + ms
    clock.after(ms, () => {})
    await this.until(() => clock.monotonic() >= endMs, Infinity)
  }

  async #step(): Promise<void> {
    const { clock } = this.#stage
    // An empty clock passes on, so that the time of a condition ends.
    if (clock.nextMs === undefined)
      clock.after(this.#options.lookEveryMs || LOOK_EVERY_MS, () => {})
    this.#stage.guard(() => void clock.step())
    await new Promise(setImmediate)
    this.#options.onEvent?.()
    if (++this.#events > EVENTS_MAX) this.#stage.fault('L2', `${EVENTS_MAX} events, and no end`)
  }
}
