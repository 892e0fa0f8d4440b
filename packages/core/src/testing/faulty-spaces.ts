/**
 * Space stores like a remote database that fails: slow calls; reads that fail; writes that fail before
 * the commit, or are committed with the answer lost; states that are not stored, or damaged after
 * that; a reviewer that dies before or after its commit. Passes `test/contract/space-store.ts`.
 *
 *   called ─▶ (lost: nothing is stored) ─▶ committed ─▶ (lost: all is stored) ─▶ answered
 */
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Clock } from '../ports/clock.ts'
import { MemoryTables } from '../ports/space-memory.ts'
import { spacesOver } from '../ports/space-over.ts'
import type { StepKind } from '../ports/space-over.ts'
import { damaged } from '../ports/space-check.ts'
import type {
  Commit,
  ScanTables,
  SpaceStores,
  StateText,
  Stored,
  WriteBehind,
} from '../ports/space-store.ts'
import { type CallFaults, FaultyCalls, SOUND_CALLS, readOf, writeOf } from './faulty-calls.ts'
import { ProcessClock } from './virtual-clock.ts'

/** The faults of a space store. Each function is called when its fault can occur. */
export interface SpaceFaults extends CallFaults {
  /** `before`: nothing is stored. `after`: all is stored, and the call rejects. */
  readonly writeFails: () => 'before' | 'after' | undefined
  /** Whether writing states behind fails, while commits succeed. */
  readonly behindFails: () => boolean
  /** Whether a written state is damaged, until it is written again. */
  readonly stateRots: () => boolean
}

const SOUND: SpaceFaults = {
  ...SOUND_CALLS,
  writeFails: () => undefined,
  behindFails: () => false,
  stateRots: () => false,
}

/** The options of faulty spaces. Without `faults` they never fail. */
export interface FaultySpacesOptions {
  readonly clock: Clock
  readonly faults?: Partial<SpaceFaults>
  /** Called at each commit. */
  readonly onCommit?: (commit: Commit, space: Uuid) => void
  /** Called when states are written behind. */
  readonly onWriteBehind?: (write: WriteBehind, space: Uuid) => void
}

/** The simulated space stores of a reviewer. */
export class FaultySpaces {
  faults: SpaceFaults
  readonly #options: FaultySpacesOptions
  readonly #spaces = new Map<Uuid, MemoryTables>()
  readonly #calls: FaultyCalls

  constructor(options: FaultySpacesOptions) {
    this.#options = options
    this.#calls = new FaultyCalls(options.clock)
    this.faults = { ...SOUND, ...options.faults }
  }

  /** The durable content of a space, read without faults. */
  tables(space: Uuid): MemoryTables {
    const tables = this.#spaces.get(space) ?? new WatchedTables(this, this.#options, space)
    this.#spaces.set(space, tables)
    return tables
  }

  /** A backup of a space. */
  copy(space: Uuid): MemoryTables {
    const copy = new MemoryTables()
    copy.become(this.tables(space))
    return copy
  }

  /** Replaces the data of a space by a backup; without one, they are deleted. */
  restore(space: Uuid, copy: MemoryTables = new MemoryTables()): void {
    this.tables(space).become(copy)
  }

  /** The stores of the reviewer with that clock. */
  connect(process: ProcessClock = new ProcessClock(this.#options.clock)): SpaceStores {
    return spacesOver(
      (space) => (kind, step) =>
        this.#calls.call(
          process,
          () => this.faults,
          () => this.#step(kind, () => step(this.tables(space))),
        ),
    )
  }

  #step<T>(kind: StepKind, step: () => T): T {
    return kind === 'read' ? readOf(this.faults, step) : writeOf(this.faults.writeFails(), step)
  }
}

class WatchedTables extends MemoryTables {
  readonly #owner: Pick<FaultySpaces, 'faults'>
  readonly #options: FaultySpacesOptions
  readonly #space: Uuid
  readonly #rotten = new Set<string>()

  constructor(owner: Pick<FaultySpaces, 'faults'>, options: FaultySpacesOptions, space: Uuid) {
    super()
    this.#owner = owner
    this.#options = options
    this.#space = space
  }

  override append(commit: Commit): 'committed' | 'fenced' {
    const outcome = super.append(commit)
    if (outcome === 'committed') this.#options.onCommit?.(commit, this.#space)
    return outcome
  }

  override writeBehind(write: WriteBehind): 'written' | 'fenced' {
    if (this.#owner.faults.behindFails()) throw new Error('this simulated store takes no states')
    const outcome = super.writeBehind(write)
    if (outcome === 'fenced') return outcome
    this.#options.onWriteBehind?.(write, this.#space)
    for (const { entity } of write.states) {
      if (this.#owner.faults.stateRots()) this.#rotten.add(entity)
      else this.#rotten.delete(entity)
    }
    return outcome
  }

  override resetBehind(): void {
    super.resetBehind()
    this.#rotten.clear()
  }

  override become(other: MemoryTables): void {
    super.become(other)
    this.#rotten.clear()
  }

  override states(
    entities: readonly string[],
    bytesMax: Bytes,
  ): ReturnType<MemoryTables['states']> {
    return super.states(entities, bytesMax).map((state) => state && this.#asRead(state))
  }

  override scan(...given: Parameters<MemoryTables['scan']>): ScanTables {
    const scan = super.scan(...given)
    const page: ScanTables['page'] = (after, bytesMax) => {
      const { states, next } = scan.page(after, bytesMax)
      return { states: states.map((state) => this.#asRead(state)), next }
    }
    return { ...scan, page }
  }

  #asRead(state: Stored<StateText>): Stored<StateText> {
    if (!this.#rotten.has(state.entity)) return state
    return { ...state, text: damaged(`the state of ${state.entity}`) }
  }
}
