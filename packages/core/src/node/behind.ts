/**
 * Writes states behind the commits, those of many commits in one transaction: when many are dirty,
 * after a delay, and on request. A failed write is retried with the next one; the batches of states
 * that were never written are replayed when the space is opened.
 */
import type { Clock } from '../ports/clock.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { Write } from '../history/entry.ts'
import type { DirtyState, SpaceState } from '../review/space.ts'
import type { KeyedTypes } from '../review/state-keys.ts'
import { stateText } from '../review/stored.ts'

/** Delay of a write after a commit. */
const WAIT_MS = 1_000

export interface BehindParts {
  readonly store: SpaceStore
  readonly clock: Clock
  readonly space: SpaceState
  readonly epoch: () => number
  readonly keyed: KeyedTypes
  /** Dirty states from which on a write starts at once. */
  readonly dirtyStatesMax: number
  /** The seq up to which the store has all states. */
  readonly through: number
  /** The seq of the last commit. */
  readonly head: () => number
  readonly onError: (error: unknown) => void
}

export class StateWriter {
  readonly #parts: BehindParts
  #through: number
  #cancel: (() => void) | undefined
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(parts: BehindParts) {
    this.#parts = parts
    this.#through = parts.through
  }

  /** The seq up to which the store has states and changes. */
  get through(): number {
    return this.#through
  }

  /** Called after each commit. */
  committed(): void {
    const { space, dirtyStatesMax } = this.#parts
    if (this.#stopped) return
    if (space.dirtyCount >= dirtyStatesMax) void this.write()
    else this.#later()
  }

  #later(): void {
    this.#cancel ??= this.#parts.clock.after(WAIT_MS, () => void this.write())
  }

  /** Resolves when the store has all states up to the head, or the write has failed. */
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

  /** Stops writing. Dirty states are not lost: the batches contain their messages. */
  stop(): void {
    this.#stopped = true
    this.#cancel?.()
  }

  async #write(head: number): Promise<void> {
    const { store, space, epoch, keyed, onError } = this.#parts
    const dirty = space.dirtyStates()
    // A replay of another process's commits is running: its states are ahead of the head until it ends.
    if (dirty.some(({ seqs }) => seqs.at(-1)! > head)) {
      this.#later()
      return
    }
    try {
      const outcome = await store.writeBehind({
        epoch: epoch(),
        fromThrough: this.#through,
        through: head,
        states: dirty.map(({ id, type, state, seqs }) => {
          const table = space.registers(type)
          const found = keyed.of(type, state, table)
          const text = stateText(id, { type, state, table })
          // A dirty state has the seqs that changed it.
          return { entity: id, type, seq: seqs.at(-1)!, text, ...(found && { found }) }
        }),
        changes: dirty.flatMap(({ id, seqs }) =>
          seqs.map((seq) => ({ entity: id, seq, text: '' })),
        ),
        erases: dirty.some(wasErased),
      })
      // Another process on the same store has written these states; they are the same up to its seq.
      this.#through = outcome === 'fenced' ? (await store.head()).through : head
      space.written(this.#through)
      if (outcome === 'fenced' && this.#through < head && !this.#stopped) this.#later()
    } catch (error) {
      onError(error)
    }
  }
}

/** Whether values of a state were erased since the store has it. */
function wasErased({ state, seqs }: DirtyState): boolean {
  if (state instanceof Write || !state.redacted) return false
  return [...state.redacted.values()].some((seq) => seqs.includes(seq))
}
