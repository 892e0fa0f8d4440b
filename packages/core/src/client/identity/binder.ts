/**
 * Gets the personal id and ties this session to it. The app may take its time to say who the
 * person is, or fail to: rows are read and written meanwhile, and messages wait unsealed.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { SessionOpening } from '../../facts/message.ts'
import {
  bindingOf,
  personalIdOf,
  type Identity,
  type IdentityOptions,
  type Device,
} from './identity.ts'
import type { SyncStatus } from '../store.ts'

/** How long the opening of a store waits for the app's `personalId`, ms. */
const OPENING_WAIT_MS = 250
/** Between tries without a new connection, ms. */
const RETRY_MS = 10_000

export interface BinderParts {
  readonly space: string
  readonly identity: Identity
  readonly options: IdentityOptions
  readonly place: Device
  /** Says why messages wait, as `identityTrouble`; and with each link it is tried again. */
  readonly status: StoreApi<SyncStatus>
  /** The session is tied to a person: messages may be sealed. */
  readonly onBound: (opening: SessionOpening) => void
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
    if (this.#parts.identity.binding || this.#closed) return Promise.resolve()
    this.#cancelRetry?.()
    return (this.#trying ??= this.#try().finally(() => (this.#trying = undefined)))
  }

  /** Resolves when the session is bound, or when that takes too long to be waited for. */
  async opening(): Promise<void> {
    const { place, identity } = this.#parts
    let stop = (): void => {}
    const late = new Promise<void>((resolve) => {
      stop = place.platform.clock.after(OPENING_WAIT_MS, resolve)
    })
    await Promise.race([this.try(), late])
    stop()
    if (this.#trying && !identity.binding)
      this.#say('the personal id of this store is not there yet; messages wait until it is')
  }

  stop(): void {
    this.#closed = true
    this.#cancelRetry?.()
  }

  async #try(): Promise<void> {
    const { space, identity, options, place, onBound } = this.#parts
    try {
      const personalId = await personalIdOf(options, place)
      identity.binding = await bindingOf(space, identity, { personalId, platform: place.platform })
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error)
      this.#say(
        `the personal id of this store could not be had: ${words}; messages wait until it is`,
      )
      if (!this.#closed)
        this.#cancelRetry = place.platform.clock.after(RETRY_MS, () => void this.try())
      return
    }
    this.#say(undefined)
    onBound(identity.binding.opening)
  }

  #say(identityTrouble: string | undefined): void {
    this.#parts.status.setState({ identityTrouble })
  }
}
