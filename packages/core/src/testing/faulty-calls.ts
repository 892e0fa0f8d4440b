/** Calls to a remote database: each takes time, and the calling process may die before the answer. */
import type { Clock } from '../ports/clock.ts'
import type { ProcessClock } from './virtual-clock.ts'

export interface CallFaults {
  /** Time from a call to its effect, and from there to its answer, in ms. */
  readonly latencyMs: () => number
  readonly answerMs: () => number
  readonly readFails: () => boolean
  /** Whether a write is committed although its process died before the commit. */
  readonly outlives: () => boolean
}

export const SOUND_CALLS: CallFaults = {
  latencyMs: () => 0,
  answerMs: () => 0,
  readFails: () => false,
  outlives: () => false,
}

export class FaultyCalls {
  readonly #clock: Clock
  #freeMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Runs `work` later. Calls take effect in the order in which they were made. */
  call<T>(process: ProcessClock, faults: () => CallFaults, work: () => T): Promise<T> {
    const clock = this.#clock
    const effectMs = Math.max(clock.monotonic(), this.#freeMs) + faults().latencyMs()
    this.#freeMs = effectMs
    return new Promise((resolve, reject) => {
      clock.after(effectMs - clock.monotonic(), () => {
        if (process.dead && !faults().outlives()) return
        const answer = outcomeOf(work)
        clock.after(faults().answerMs(), () =>
          process.deliver(() => ('value' in answer ? resolve(answer.value) : reject(answer.error))),
        )
      })
    })
  }
}

/** Runs a read, or throws where the fault requires it. */
export function readOf<T>({ readFails }: CallFaults, read: () => T): T {
  if (readFails()) throw new Error('this simulated store does not answer')
  return read()
}

/** Runs a write; it may fail before the commit, or its answer be lost. */
export function writeOf<T>(fault: 'before' | 'after' | undefined, write: () => T): T {
  if (fault === 'before') throw new Error('this simulated store refuses a commit')
  const answer = write()
  if (fault === 'after') throw new Error('the answer of this simulated store is lost')
  return answer
}

function outcomeOf<T>(work: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: work() }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}
