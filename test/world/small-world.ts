/**
 * What the worlds apart from the first one have in common: a clock, a history of what happened, and the
 * first promise that was broken.
 */
import { VirtualClock } from '@countersign/core/testing'
import { Tally } from './tally.ts'
import type { Stepped, Stepper } from './stepper.ts'
import { Violation } from './violation.ts'

/** The result of a world, for the report of its seed. */
export interface WorldReport {
  readonly events: number
  readonly virtualMs: number
  readonly hash: string
  readonly counts: readonly (readonly [string, number])[]
  readonly violation: { readonly invariant: string; readonly what: string } | undefined
  /** Only when asked for. */
  readonly history: readonly string[] | undefined
}

export abstract class SmallWorld implements Stepped {
  readonly clock: VirtualClock = new VirtualClock()
  readonly tally: Tally = new Tally()
  violation: Violation | undefined
  readonly #history: string[] | undefined
  #hash = 0x811c9dc5
  protected abstract readonly stepper: Stepper

  protected constructor(isVerbose: boolean) {
    this.#history = isVerbose ? [] : undefined
  }

  get report(): WorldReport {
    const { violation } = this
    return {
      events: this.stepper.events,
      virtualMs: this.clock.monotonic(),
      hash: (this.#hash >>> 0).toString(16).padStart(8, '0'),
      counts: this.tally.entries(),
      violation: violation && { invariant: violation.invariant, what: violation.message },
      history: this.#history,
    }
  }

  /** Says that a promise was broken; the first one counts. */
  fault(invariant: string, what: string): void {
    this.violation ??= new Violation(invariant, what)
  }

  guard(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.failed(error)
    }
  }

  failed(error: unknown): void {
    if (error instanceof Violation) this.violation ??= error
    else this.fault('S0', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  /** A line for the history, made only when it is read. */
  note(actor: string, text: () => string): void {
    const at = Math.floor(this.clock.monotonic() * 1_000) | 0
    this.mix(at ^ actor.charCodeAt(0))
    const ms = (this.clock.monotonic() / 1_000).toFixed(3)
    this.#history?.push(`${ms.padStart(9)}  ${actor.padEnd(3)} ${text()}`)
  }

  /** What happened when, as a number: two runs of one seed must agree. */
  protected mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193)
  }
}
