/**
 * Keeps a session with the reviewer while the store is online. The session is a part that loads on
 * demand; until it is loaded, the status shows that the store connects.
 */
import { CountersignError } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Brought, BroughtBatch } from '../sync/bring-requests.ts'
import type { HistoryAnswer } from '../sync/history.ts'
import type { SyncSession } from '../sync/session.ts'
import type { RelayedFrame } from '../sync/link-gate.ts'
import type { Epoch } from '../wire/records.ts'
import type { Batch } from '../wire/types.ts'
import type { SessionOfParts } from './session-events.ts'
import { SYNC } from './sync-part.ts'

/** Delay between attempts to load the part, ms. */
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

  /** Ends the link for good. */
  stop(state: 'offline' | 'closed'): void {
    this.#isOver = true
    this.#cancelRetry?.()
    this.#stopWaking?.()
    this.#session?.stop(state)
  }

  /** Offers the messages that may be sent now. */
  pump(): void {
    this.#session?.pump()
  }

  authChanged(): void {
    this.#session?.authChanged()
  }

  /** Called when a batch was applied. */
  taken(text: string, batch: Batch): void {
    this.#session?.taken(text, batch)
  }

  /** A frame that the reviewer has signed, and a peer has passed on. */
  relayed(frame: RelayedFrame, epochs: readonly Epoch[]): void {
    this.#session?.relayed(frame, epochs)
  }

  /** Brings what peers have reviewed while the reviewer was away. Rejects with CountersignError `unavailable`. */
  async bring(batch: BroughtBatch): Promise<Brought> {
    if (!this.#session) throw new CountersignError('unavailable', 'there is no connection yet')
    return this.#session.requests.bring(batch)
  }

  /** The accepted messages of a row. Rejects with CountersignError `unavailable`. */
  async history(id: Uuid): Promise<HistoryAnswer> {
    if (!this.#session) throw new CountersignError('unavailable', 'there is no connection yet')
    return this.#session.requests.history(id)
  }

  /** Erases values of a row. Rejects with CountersignError `unavailable`. */
  async erase(id: Uuid, regs: readonly string[] | null): Promise<number> {
    if (!this.#session) throw new CountersignError('unavailable', 'there is no connection yet')
    return this.#session.requests.erase(id, regs)
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
