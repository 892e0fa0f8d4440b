/**
 * A reviewer and stores in one process and in virtual time, joined by an honest wire: in order,
 * one millisecond each way, and no frame larger than a transport carries.
 */
import { type Entity, type SyncStore, memoryStorage } from '@countersign/core'
import {
  FRAME_BYTES_MAX,
  type LinkEvents,
  type Storage,
  type Transport,
  isLongerThan,
  memorySpaces,
} from '@countersign/core/ports'
import { type Reviewer, type ReviewerOptions, createReviewer } from '@countersign/core/reviewer'
import {
  type Limits,
  SeededRandom,
  SimLocks,
  VirtualClock,
  createLimitedStore,
  simSigner,
} from '@countersign/core/testing'
import { SPACE } from './wire.ts'

const DELAY_MS = 1

export interface VirtualStoreOptions {
  readonly entities: readonly Entity[]
  readonly storage?: Storage
  /** Without it, the store never connects. */
  readonly connects?: boolean
  readonly limits?: Partial<Limits>
}

export class VirtualScene {
  readonly clock: VirtualClock = new VirtualClock()
  /** How many frames of each kind were carried; those in parts count once more, as `part`. */
  readonly carried: Map<string, number> = new Map<string, number>()
  readonly stores: SyncStore[] = []
  readonly #random = new SeededRandom(11)
  readonly #signer = simSigner({ random: this.#random })
  readonly #locks = new SimLocks()
  #reviewer: Reviewer | undefined

  static async open(options: Partial<ReviewerOptions> = {}): Promise<VirtualScene> {
    const scene = new VirtualScene()
    scene.#reviewer = await createReviewer({
      space: SPACE,
      spaces: memorySpaces(),
      keys: await scene.#signer.generate(),
      signer: scene.#signer,
      clock: scene.clock,
      random: scene.#random,
      ...options,
    })
    return scene
  }

  get reviewer(): Reviewer {
    return this.#reviewer!
  }

  async store(options: VirtualStoreOptions): Promise<SyncStore> {
    const { entities, storage = memoryStorage(), connects = true, limits = {} } = options
    const store = createLimitedStore(
      {
        space: SPACE,
        entities,
        storage,
        ...(connects && { transports: [this.#transport()] }),
        platform: {
          clock: this.clock,
          random: this.#random,
          signer: this.#signer,
          locks: this.#locks.tab(),
          tabId: () => `tab ${this.stores.length}`,
        },
      },
      limits,
    )
    this.stores.push(store)
    let isReady = false
    void store.ready.then(() => (isReady = true))
    await this.until(() => isReady)
    return store
  }

  /** Steps virtual time until it holds; fails after `limitMs` of it. */
  async until(holds: () => boolean, limitMs = 60_000): Promise<void> {
    const until = this.clock.monotonic() + limitMs
    for (;;) {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve()
      if (holds()) return
      const next = this.clock.nextMs
      if (next === undefined || next > until) throw new Error(`not so in time: ${this.text()}`)
      this.clock.step()
    }
  }

  /** Every store that is online has all verdicts, and is at the reviewer's head. */
  async settle(limitMs?: number): Promise<void> {
    const isSettled = (store: SyncStore): boolean => {
      const { connection, outboxMessages, position } = store.status.getState()
      if (connection === 'offline' || connection === 'closed' || connection === 'none') return true
      const isOnline = connection === 'online' && outboxMessages === 0
      return isOnline && position?.seq === this.reviewer.state.seq
    }
    await this.until(
      () => this.reviewer.state.pendingCommit === 0 && this.stores.every(isSettled),
      limitMs,
    )
  }

  /** Resolves like the promise, while virtual time passes. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    )
    await this.until(() => isSettled)
    return promise
  }

  async close(): Promise<void> {
    for (const store of this.stores) await this.wait(store.close())
    await this.wait(this.reviewer.close())
  }

  text(): string {
    return JSON.stringify(this.stores.map((store) => store.status.getState()))
  }

  #count(text: string): void {
    // Of a frame in parts, the first one holds the kind.
    const [, part, first, kind] = /^\["(?:(part)",".+",\d+,\d+,"(\[\\")?)?(\w*)/.exec(text) ?? []
    for (const name of [part, part && !first ? undefined : kind])
      if (name) this.carried.set(name, (this.carried.get(name) ?? 0) + 1)
  }

  #transport(): Transport {
    return {
      connect: (events: LinkEvents) => {
        let isOpen = true
        const close = (reason: string): void => {
          if (!isOpen) return
          isOpen = false
          attached.closed()
          events.closed(reason)
        }
        const carry = (text: string, arrive: () => void): void => {
          this.#count(text)
          const isTooLarge = isLongerThan(text, FRAME_BYTES_MAX)
          this.clock.after(DELAY_MS, () => {
            if (isTooLarge) close('a frame is too large')
            else if (isOpen) arrive()
          })
        }
        const attached = this.reviewer.connect(
          {
            send: (text) => carry(text, () => events.frame(text)),
            close: (reason) => void this.clock.after(DELAY_MS, () => close(reason)),
          },
          { address: 'here' },
        )
        this.clock.after(DELAY_MS, () => {
          if (isOpen) events.open()
        })
        return {
          send: (text) => carry(text, () => attached.frame(text)),
          close: () => {
            if (!isOpen) return
            isOpen = false
            attached.closed()
          },
        }
      },
    }
  }
}
