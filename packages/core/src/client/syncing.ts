/**
 * Keeps a session with the reviewer while the store is online. The session is a part that loads on
 * demand; until it is there, the status says that the store connects.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { HistoryAnswer } from '../sync/history.ts'
import type { SyncSession } from '../sync/session.ts'
import type { Batch } from '../wire/types.ts'
import type { SessionOfParts } from './session-events.ts'
import { SYNC } from './sync-part.ts'

/** Between tries to load the part, ms. */
const LOAD_RETRY_MS = 10_000

export class Syncing {
  readonly #parts: SessionOfParts
  #session: SyncSession | undefined
  #isOnline: boolean
  /** Closed, or halted. */
  #isOver = false
  #cancelRetry: (() => void) | undefined
  #stopWaking: (() => void) | undefined

  constructor(parts: SessionOfParts, isOnline: boolean) {
    this.#parts = parts
    this.#isOnline = isOnline
    this.#showOnline()
    void this.#load()
  }

  setOnline(isOnline: boolean): void {
    this.#isOnline = isOnline
    this.#showOnline()
    if (isOnline) this.resume()
    else this.pause()
  }

  /** Ends the link, until `resume`. */
  pause(): void {
    this.#session?.stop()
  }

  /** Connects again, unless the store is offline. */
  resume(): void {
    if (this.#isOnline && !this.#isOver) this.#session?.start()
  }

  /** Connects no more. */
  stop(state: 'offline' | 'closed'): void {
    this.#isOver = true
    this.#cancelRetry?.()
    this.#stopWaking?.()
    this.#session?.stop(state)
  }

  /** Offers what may go now. */
  pump(): void {
    this.#session?.pump()
  }

  authChanged(): void {
    this.#session?.authChanged()
  }

  /** A batch was taken in. */
  taken(text: string, batch: Batch): void {
    this.#session?.taken(text, batch)
  }

  /** The accepted messages of a row. Rejects with CountersignError `unavailable`. */
  async history(id: Uuid): Promise<HistoryAnswer> {
    if (!this.#session) throw new CountersignError('unavailable', 'there is no connection yet')
    return this.#session.history(id)
  }

  /** Erases values of a row. Rejects with CountersignError `unavailable`. */
  async erase(id: Uuid, regs: readonly string[] | null): Promise<number> {
    if (!this.#session) throw new CountersignError('unavailable', 'there is no connection yet')
    return this.#session.erase(id, regs)
  }

  async #load(): Promise<void> {
    const { status, clock, transport } = this.#parts
    const part = await SYNC.load().catch((error: Error) => {
      status.setState({ connectionNote: error.message })
    })
    if (this.#isOver) return
    if (!part) {
      this.#cancelRetry = clock.after(LOAD_RETRY_MS, () => void this.#load())
      return
    }
    const session = part.sessionOf(this.#parts)
    this.#session = session
    this.#stopWaking = transport.onWake?.(() => session.wake())
    this.resume()
  }

  #showOnline(): void {
    if (this.#session || this.#isOver) return
    this.#parts.status.setState({ connection: this.#isOnline ? 'connecting' : 'offline' })
  }
}
