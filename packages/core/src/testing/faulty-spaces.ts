/**
 * Space stores as a database behind a connection that fails: calls that are slow; reads that
 * fail; writes that are refused before the commit, or committed with the answer lost; a reviewer
 * that dies on either side of its commit. Passes `test/contract/space-store.ts`.
 *
 *   called ─▶ (lost: nothing is stored) ─▶ committed ─▶ (lost: all is stored) ─▶ answered
 */
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import { MemoryTables } from '../ports/space-memory.ts'
import { spacesOver } from '../ports/space-over.ts'
import type { StepKind } from '../ports/space-over.ts'
import type { Commit, SpaceStores } from '../ports/space-store.ts'
import { ProcessClock } from './virtual-clock.ts'

export interface SpaceFaults {
  /** How long a call takes until it has its effect, and how long its answer then takes, in ms. */
  readonly latencyMs: () => number
  readonly answerMs: () => number
  readonly readFails: () => boolean
  /** `before`: nothing is stored. `after`: all is stored, and the call rejects. */
  readonly writeFails: () => 'before' | 'after' | undefined
  /** Whether a write is committed although its process died before. */
  readonly outlives: () => boolean
}

const SOUND: SpaceFaults = {
  latencyMs: () => 0,
  answerMs: () => 0,
  readFails: () => false,
  writeFails: () => undefined,
  outlives: () => false,
}

export interface FaultySpacesOptions {
  readonly clock: Clock
  readonly faults?: Partial<SpaceFaults>
  /** Called in the moment of each commit. */
  readonly onCommit?: (commit: Commit, space: Uuid) => void
}

export class FaultySpaces {
  faults: SpaceFaults
  readonly #options: FaultySpacesOptions
  readonly #spaces = new Map<Uuid, MemoryTables>()
  #freeMs = 0

  constructor(options: FaultySpacesOptions) {
    this.#options = options
    this.faults = { ...SOUND, ...options.faults }
  }

  /** What is durable of a space, at once and without faults. */
  tables(space: Uuid): MemoryTables {
    const tables = this.#spaces.get(space) ?? new WatchedTables(this.#options, space)
    this.#spaces.set(space, tables)
    return tables
  }

  /** The stores as the reviewer with that clock has them. */
  connect(process: ProcessClock = new ProcessClock(this.#options.clock)): SpaceStores {
    return spacesOver(
      (space) => (kind, step) =>
        this.#call(process, () => this.#step(kind, () => step(this.tables(space)))),
    )
  }

  #step<T>(kind: StepKind, step: () => T): T {
    if (kind === 'read') {
      if (this.faults.readFails()) throw new Error('this simulated store does not answer')
      return step()
    }
    const fault = this.faults.writeFails()
    if (fault === 'before') throw new Error('this simulated store refuses a write')
    const answer = step()
    if (fault === 'after') throw new Error('the answer of this simulated store is lost')
    return answer
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

class WatchedTables extends MemoryTables {
  readonly #options: FaultySpacesOptions
  readonly #space: Uuid

  constructor(options: FaultySpacesOptions, space: Uuid) {
    super()
    this.#options = options
    this.#space = space
  }

  override append(commit: Commit): 'committed' | 'fenced' {
    const outcome = super.append(commit)
    if (outcome === 'committed') this.#options.onCommit?.(commit, this.#space)
    return outcome
  }
}

function outcomeOf<T>(work: () => T): { readonly value: T } | { readonly error: Error } {
  try {
    return { value: work() }
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) }
  }
}
