/** The own messages that the reviewer has not accepted: of this tab, of others on the device, and refused ones. */
import type { Uuid } from '../../base/uuid.ts'
import type { Entry } from '../../history/entry.ts'
import type { Outbox } from '../../sync/outbox.ts'
import type { Disk } from '../disk/disk.ts'
import type { Restorers } from '../disk/restoration.ts'
import type { RefusedMessages } from './refused.ts'

export interface UnsentParts {
  readonly outbox: Outbox
  readonly refused: RefusedMessages
  readonly disk: Disk
  readonly restorers: () => Restorers | undefined
}

/** What was imported from texts: names of messages, and new ids of rows. */
export interface Imported {
  readonly names: readonly string[]
  readonly ids: readonly (readonly [Uuid, Uuid])[]
}

export class Unsent {
  /** By this store. */
  imported: Imported = { names: [], ids: [] }
  readonly #parts: UnsentParts
  /** The last import; never rejects. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(parts: UnsentParts) {
    this.#parts = parts
  }

  get refused(): RefusedMessages {
    return this.#parts.refused
  }

  get disk(): Disk {
    return this.#parts.disk
  }

  /** Runs imports one after the other: each sees what the one before has written. */
  inTurn<T>(job: () => Promise<T>): Promise<T> {
    const run = this.#turn.then(job)
    this.#turn = run.catch(() => {})
    return run
  }

  /** Takes in what tabs that are gone have left. */
  async look(): Promise<void> {
    await this.#parts.restorers()?.adopter.look()
  }

  /** Without those of the app itself, such as versions of its types. */
  waiting(): readonly Entry[] {
    const { outbox, restorers } = this.#parts
    const others = restorers()?.neighbours.shown() ?? []
    return [...outbox.open(), ...others].filter(({ writes }) =>
      writes.some(({ type }) => !type.startsWith('$')),
    )
  }
}
