/**
 * Tries to tie this session to a person until it is tied. The app may take its time to say who the
 * person is, or fail to: rows are read and written meanwhile, and messages wait unsealed.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Clock } from '../../ports/clock.ts'
import type { SyncStatus } from '../store.ts'

/** How long the opening of a store waits for the app's `personalId`, ms. */
const OPENING_WAIT_MS = 250
/** Between tries without a new connection, ms. */
const RETRY_MS = 10_000

export interface BinderParts {
  readonly clock: Clock
  /** With each link it is tried again. */
  readonly status: StoreApi<SyncStatus>
  /** Shows why messages wait; undefined: they do not. */
  readonly say: (trouble: string | undefined) => void
  /** Asks who the person is, and ties the session to them. Rejects where either fails. */
  readonly bind: () => Promise<void>
  readonly isBound: () => boolean
}

export class Binder {
  readonly #parts: BinderParts
  #trying: Promise<void> | undefined
  #cancelRetry: (() => void) | undefined
  #closed = false

  constructor(parts: BinderParts) {
    this.#parts = parts
    parts.status.subscribe(({ connection }, before) => {
      if (connection === 'syncing' && before.connection !== 'syncing') void this.try()
    })
  }

  /** Asks the app, unless it is being asked. Resolves when it has answered. */
  try(): Promise<void> {
    if (this.#parts.isBound() || this.#closed) return Promise.resolve()
    this.#cancelRetry?.()
    return (this.#trying ??= this.#try().finally(() => (this.#trying = undefined)))
  }

  /** Resolves when the app has answered, or when that takes too long to be waited for. */
  async opening(): Promise<void> {
    let stop = (): void => {}
    const late = new Promise<void>((resolve) => {
      stop = this.#parts.clock.after(OPENING_WAIT_MS, resolve)
    })
    await Promise.race([this.try(), late])
    stop()
    this.sayIfAsked()
  }

  /** Says that the app has not answered yet, where it has not. */
  sayIfAsked(): void {
    if (this.#trying && !this.#parts.isBound())
      this.#say('the personal id of this store is not there yet; messages wait until it is')
  }

  stop(): void {
    this.#closed = true
    this.#cancelRetry?.()
  }

  async #try(): Promise<void> {
    try {
      await this.#parts.bind()
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      this.#say(
        `the personal id of this store could not be had: ${words}; messages wait until it is`,
      )
      if (!this.#closed)
        this.#cancelRetry = this.#parts.clock.after(RETRY_MS, () => void this.try())
      return
    }
    this.#say(undefined)
  }

  #say(trouble: string | undefined): void {
    if (!this.#closed) this.#parts.say(trouble)
  }
}
