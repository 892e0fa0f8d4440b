/**
 * The reviewer's store as a database behind a connection that fails: appends that are slow,
 * refused before the commit, or committed with the answer lost; reads that fail; a reviewer
 * that dies on either side of its commit. Passes `test/contract/reviewer-store.ts`.
 *
 *   append called ─▶ (lost: nothing is stored) ─▶ committed ─▶ (lost: all is stored) ─▶ answered
 */
import type { Clock } from '../ports/clock.ts'
import type { AppendBatch, ReviewerStore } from '../ports/reviewer-store.ts'
import { ReviewerDatabase } from './reviewer-database.ts'
import { ProcessClock } from './virtual-clock.ts'

export interface StoreFaults {
  /** How long a call takes until it has its effect, and how long its answer then takes, in ms. */
  readonly latencyMs: () => number
  readonly answerMs: () => number
  readonly readFails: () => boolean
  /** `before`: nothing is stored. `after`: all is stored, and the caller hears of a failure. */
  readonly appendFails: () => 'before' | 'after' | undefined
  /** Whether an append is committed although its process died before. */
  readonly outlives: () => boolean
}

const SOUND: StoreFaults = {
  latencyMs: () => 0,
  answerMs: () => 0,
  readFails: () => false,
  appendFails: () => undefined,
  outlives: () => false,
}

export interface FaultyStoreOptions {
  readonly clock: Clock
  readonly faults?: Partial<StoreFaults>
  /** Hears of each batch in the moment of its commit. */
  readonly onCommit?: (batch: AppendBatch) => void
}

export class FaultyStore {
  faults: StoreFaults
  readonly database: ReviewerDatabase = new ReviewerDatabase()
  readonly #options: FaultyStoreOptions
  #freeMs = 0

  constructor(options: FaultyStoreOptions) {
    this.#options = options
    this.faults = { ...SOUND, ...options.faults }
  }

  /** The store as the reviewer with that clock has it. */
  open(process: ProcessClock = new ProcessClock(this.#options.clock)): ReviewerStore {
    let closed = false
    const call = <T>(work: () => T): Promise<T> =>
      closed ? Promise.reject(new Error('this store is closed')) : this.#call(process, work)
    const read = <T>(work: () => T): Promise<T> =>
      call(() => {
        if (this.faults.readFails()) throw new Error('this simulated store does not answer')
        return work()
      })
    return {
      load: () => read(() => this.database.load()),
      readRuns: (afterSeq, runsMax) => read(() => this.database.readRuns(afterSeq, runsMax)),
      claimMeta: (key, value) => call(() => this.database.claimMeta(key, value)),
      append: (batch) => {
        const own = { ...batch, runs: [...batch.runs] }
        return call(() => this.#append(own))
      },
      close: async () => {
        closed = true
      },
    }
  }

  #append(batch: AppendBatch): 'committed' | 'fenced' {
    const fault = this.faults.appendFails()
    if (fault === 'before') throw new Error('this simulated store refuses a commit')
    const outcome = this.database.append(batch)
    if (outcome === 'committed') this.#options.onCommit?.(batch)
    if (fault === 'after') throw new Error('the answer of this simulated store is lost')
    return outcome
  }

  /** Calls have their effect in the order in which they were made. */
  #call<T>(process: ProcessClock, work: () => T): Promise<T> {
    const { clock } = this.#options
    const effectMs = Math.max(clock.monotonic(), this.#freeMs) + this.faults.latencyMs()
    this.#freeMs = effectMs
    return new Promise((resolve, reject) => {
      clock.after(effectMs - clock.monotonic(), () => {
        if (process.dead && !this.faults.outlives()) return
        const answer = outcomeOf(work)
        clock.after(this.faults.answerMs(), () =>
          process.deliver(() => ('value' in answer ? resolve(answer.value) : reject(answer.error))),
        )
      })
    })
  }
}

function outcomeOf<T>(work: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: work() }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}
