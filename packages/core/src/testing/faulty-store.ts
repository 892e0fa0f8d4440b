/**
 * The reviewer's store as a database behind a connection that fails: appends that are slow,
 * refused before the commit, or committed with the answer lost; reads that fail; a reviewer
 * that dies on either side of its commit. Passes `test/contract/reviewer-store.ts`.
 *
 *   append called ─▶ (lost: nothing is stored) ─▶ committed ─▶ (lost: all is stored) ─▶ answered
 */
import type { Clock } from '../ports/clock.ts'
import type { AppendBatch, ReviewerStore } from '../ports/reviewer-store.ts'
import { type CallFaults, FaultyCalls, SOUND_CALLS, readOf, writeOf } from './faulty-calls.ts'
import { ReviewerDatabase } from './reviewer-database.ts'
import { ProcessClock } from './virtual-clock.ts'

export interface StoreFaults extends CallFaults {
  /** `before`: nothing is stored. `after`: all is stored, and the call rejects. */
  readonly appendFails: () => 'before' | 'after' | undefined
}

const SOUND: StoreFaults = { ...SOUND_CALLS, appendFails: () => undefined }

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
  readonly #calls: FaultyCalls

  constructor(options: FaultyStoreOptions) {
    this.#options = options
    this.#calls = new FaultyCalls(options.clock)
    this.faults = { ...SOUND, ...options.faults }
  }

  /** The store as the reviewer with that clock has it. */
  open(process: ProcessClock = new ProcessClock(this.#options.clock)): ReviewerStore {
    let closed = false
    const call = <T>(work: () => T): Promise<T> =>
      closed
        ? Promise.reject(new Error('this store is closed'))
        : this.#calls.call(process, () => this.faults, work)
    const read = <T>(work: () => T): Promise<T> => call(() => readOf(this.faults, work))
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
    return writeOf(this.faults.appendFails(), () => {
      const outcome = this.database.append(batch)
      if (outcome === 'committed') this.#options.onCommit?.(batch)
      return outcome
    })
  }
}
