/**
 * Writes states behind the commits, many commits in one transaction: when many wait, when some have
 * waited for a while, and when somebody asks. What fails is tried with the next one; a start replays
 * what the store has not.
 */
import type { Clock } from '../ports/clock.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import type { SpaceState } from '../review/space.ts'
import { stateText } from '../review/stored.ts'

/** How long a state waits at the most, in ms. */
const WAIT_MS = 1_000

export interface BehindParts {
  readonly store: SpaceStore
  readonly clock: Clock
  readonly space: SpaceState
  readonly epoch: number
  /** States that wait, at the most, before they are written. */
  readonly dirtyStatesMax: number
  /** The seq up to which the store has everything. */
  readonly through: number
  /** The seq of the last commit. */
  readonly head: () => number
  readonly onError: (error: unknown) => void
}

export class WriteBehind {
  readonly #parts: BehindParts
  #through: number
  #cancel: (() => void) | undefined
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(parts: BehindParts) {
    this.#parts = parts
    this.#through = parts.through
  }

  /** The store has states and changes up to this seq. */
  get through(): number {
    return this.#through
  }

  /** A commit is in the space. */
  committed(): void {
    const { space, dirtyStatesMax } = this.#parts
    if (this.#stopped) return
    if (space.dirtyCount >= dirtyStatesMax) void this.write()
    else this.#later()
  }

  #later(): void {
    this.#cancel ??= this.#parts.clock.after(WAIT_MS, () => void this.write())
  }

  /** Resolves when the store has everything up to now, or could not take it. */
  async write(): Promise<void> {
    while (this.#writing) await this.#writing
    this.#cancel?.()
    this.#cancel = undefined
    const head = this.#parts.head()
    if (this.#stopped || this.#through >= head) return
    this.#writing = this.#write(head)
    try {
      await this.#writing
    } finally {
      this.#writing = undefined
    }
  }

  /** What waits stays where it is: in the batches. */
  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #write(head: number): Promise<void> {
    const { store, space, epoch, onError } = this.#parts
    const dirty = space.dirtyStates()
    // What another process has committed is being taken in, and is ahead of the head until then.
    if (dirty.some(({ seqs }) => seqs.at(-1)! > head)) {
      this.#later()
      return
    }
    try {
      const outcome = await store.writeBehind({
        epoch,
        fromThrough: this.#through,
        through: head,
        states: dirty.map(({ id, type, state, seqs }) => ({
          entity: id,
          type,
          // What is dirty has the seqs that made it so.
          seq: seqs.at(-1)!,
          text: stateText(id, { type, state, table: space.registers(type) }),
        })),
        changes: dirty.flatMap(({ id, seqs }) =>
          seqs.map((seq) => ({ entity: id, seq, text: '' })),
        ),
      })
      // Another process on the same store was first: its states are the same, as far as they go.
      this.#through = outcome === 'fenced' ? (await store.head()).through : head
      space.written(this.#through)
      if (outcome === 'fenced' && this.#through < head && !this.#stopped) this.#later()
    } catch (error) {
      onError(error)
    }
  }
}
