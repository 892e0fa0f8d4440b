/**
 * A reviewer and stores in one process and in virtual time, joined by an honest wire: in order,
 * one millisecond each way unless the scene says otherwise, and no frame larger than a transport carries.
 */
import { type Entity, type SyncStore, memoryStorage } from '@countersign/core'
import {
  FRAME_BYTES_MAX,
  type LinkEvents,
  type Signer,
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
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import { SPACE } from './wire.ts'

await loadParts()

const DELAY_MS = 1

/** One direction of a link, and when what is on it has arrived. */
interface Line {
  freeMs: number
}

export interface VirtualStoreOptions {
  readonly entities: readonly Entity[]
  readonly storage?: Storage
  /** Without it, the store never connects. */
  readonly connects?: boolean
  readonly limits?: Partial<Limits>
  /** The person who is signed in; the token is the personal id. */
  readonly personalId?: string
  /** Called with each frame that the store receives. */
  readonly heard?: (text: string) => void
}

export interface VirtualOptions extends Partial<ReviewerOptions> {
  /** How long a frame is under way, in ms; it never overtakes another one of its link. */
  readonly delayMs?: () => number
  /** How long a signature or its check takes, in ms. */
  readonly signerMs?: () => number
}

export class VirtualScene {
  readonly clock: VirtualClock = new VirtualClock()
  /** How many frames of each kind were carried; those in parts count once more, as `part`. */
  readonly carried: Map<string, number> = new Map<string, number>()
  readonly stores: SyncStore[] = []
  readonly #random = new SeededRandom(11)
  #signerMs: () => number = () => 0
  readonly signer: Signer = simSigner({
    random: this.#random,
    clock: this.clock,
    delayMs: () => this.#signerMs(),
  })
  readonly #locks = new SimLocks()
  #reviewer: Reviewer | undefined
  #options: ReviewerOptions | undefined
  #delayMs: () => number = () => DELAY_MS

  /** `options`: of the reviewer, or a function of the clock. */
  static async open(
    options: VirtualOptions | ((clock: VirtualClock) => VirtualOptions) = {},
  ): Promise<VirtualScene> {
    const scene = new VirtualScene()
    const given = typeof options === 'function' ? options(scene.clock) : options
    const { delayMs = scene.#delayMs, signerMs = scene.#signerMs, ...reviewer } = given
    const keys = await scene.signer.generate()
    scene.#delayMs = delayMs
    scene.#signerMs = signerMs
    scene.#options = {
      space: SPACE,
      spaces: memorySpaces(),
      keys,
      signer: scene.signer,
      clock: scene.clock,
      random: scene.#random,
      ...reviewer,
    }
    await scene.#start(scene.#options)
    return scene
  }

  async #start(options: ReviewerOptions): Promise<void> {
    this.#reviewer = await this.wait(createReviewer(options))
  }

  /** Stops the reviewer, and starts it again on what `meanwhile` leaves of its data. */
  async restart(meanwhile: () => void = () => {}): Promise<void> {
    await this.wait(this.reviewer.close())
    meanwhile()
    // The scene is open.
    await this.#start(this.#options!)
  }

  get reviewer(): Reviewer {
    return this.#reviewer!
  }

  async store(options: VirtualStoreOptions): Promise<SyncStore> {
    const { entities, storage = memoryStorage(), connects = true, limits = {} } = options
    const { personalId, heard = () => {} } = options
    const store = createLimitedStore(
      {
        space: SPACE,
        entities,
        storage,
        ...(connects && { transports: [this.#transport(heard)] }),
        ...(personalId !== undefined && { auth: personalId, identity: { personalId } }),
        platform: {
          clock: this.clock,
          random: this.#random,
          signer: this.signer,
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
      // Ports answer by promises: all that follows from an event happens before the next.
      await new Promise(setImmediate)
      if (holds()) return
      const next = this.clock.nextMs
      if (next === undefined || next > until) throw new Error(`not so in time: ${this.text()}`)
      this.clock.step()
    }
  }

  /** Lets so much virtual time pass. */
  async pause(ms: number): Promise<void> {
    let isOver = false
    this.clock.after(ms, () => (isOver = true))
    await this.until(() => isOver)
  }

  /** Waits until every store that is online has all verdicts, and is at the reviewer's head. */
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

  #later(line: Line, arrive: () => void): void {
    const now = this.clock.monotonic()
    line.freeMs = Math.max(line.freeMs, now + this.#delayMs())
    this.clock.after(line.freeMs - now, arrive)
  }

  #transport(heard: (text: string) => void): Transport {
    return {
      connect: (events: LinkEvents) => {
        let isOpen = true
        const close = (reason: string): void => {
          if (!isOpen) return
          isOpen = false
          attached.closed()
          events.closed(reason)
        }
        const carry = (line: Line, text: string, arrive: () => void): void => {
          this.#count(text)
          const isTooLarge = isLongerThan(text, FRAME_BYTES_MAX)
          this.#later(line, () => {
            if (isTooLarge) close('a frame is too large')
            else if (isOpen) arrive()
          })
        }
        const [up, down]: [Line, Line] = [{ freeMs: 0 }, { freeMs: 0 }]
        const attached = this.reviewer.connect(
          {
            send: (text) => carry(down, text, () => (heard(text), events.frame(text))),
            close: (reason) => this.#later(down, () => close(reason)),
          },
          { address: 'here' },
        )
        this.#later(down, () => {
          if (isOpen) events.open()
        })
        return {
          send: (text) => carry(up, text, () => attached.frame(text)),
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
