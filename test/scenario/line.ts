/**
 * A reviewer and stores on virtual time. Each store has a line of its own, which a test can make slow,
 * deaf or half-open. No step depends on the speed of the machine.
 */
import type { Entity, FollowedScope, SyncStore } from '@countersign/core'
import { setSha256 } from '@countersign/core/message'
import type { LinkEvents, Transport } from '@countersign/core/ports'
import { type Reviewer, type ReviewerOptions, createReviewer } from '@countersign/core/reviewer'
import {
  FaultyDisk,
  FaultySpaces,
  type Limits,
  SeededRandom,
  SimLocks,
  VirtualClock,
  createLimitedStore,
  loadParts,
  simSigner,
} from '@countersign/core/testing'
import { hash } from 'node:crypto'
import { SPACE } from './wire.ts'

setSha256((text) => hash('sha256', text, 'base64url'))
await loadParts()

export type Direction = 'up' | 'down'
const DELAY_MS = 2

/** The line of one device to the reviewer. It keeps the order, and loses no frame unless the test says so. */
export class Line implements Transport {
  /** What it carries, each way. */
  bytesPerMs: Readonly<Record<Direction, number>> = { up: Infinity, down: Infinity }
  /** Whether a frame is lost on the way; asked once a frame. */
  loses: (direction: Direction, text: string) => boolean = () => false
  /** Whether the ends report their unsent bytes. */
  tells = true
  connections = 0
  /** Bytes that had not arrived yet, at the most. */
  readonly mostWaiting: Record<Direction, number> = { up: 0, down: 0 }
  /** Kinds of the frames that were sent, with their moment. */
  readonly sent: {
    readonly direction: Direction
    readonly kind: string
    readonly atMs: number
    readonly text: string
  }[] = []
  readonly #scene: VirtualScene
  readonly #wakes = new Set<() => void>()
  #cut: (() => void) | undefined
  #events: LinkEvents | undefined

  constructor(scene: VirtualScene) {
    this.#scene = scene
  }

  /** How many frames of a kind were sent since a moment. */
  count(kind: string, sinceMs = 0): number {
    return this.sent.filter((frame) => frame.kind === kind && frame.atMs >= sinceMs).length
  }

  bytes(direction: Direction): number {
    return this.sent.reduce(
      (sum, { text, ...frame }) =>
        sum + (frame.direction === direction ? Buffer.byteLength(text) : 0),
      0,
    )
  }

  /** The page is visible again, or the network is back. */
  wake(): void {
    for (const wake of this.#wakes) wake()
  }

  onWake(wake: () => void): () => void {
    this.#wakes.add(wake)
    return () => this.#wakes.delete(wake)
  }

  /** The link ends, and both sides know at once. */
  cut(): void {
    this.#cut?.()
  }

  /** Delivers a frame that the reviewer has not sent. */
  forge(text: string): void {
    this.#events?.frame(text)
  }

  /** Delivers a byte that is no frame. */
  alive(): void {
    this.#events?.alive?.()
  }

  connect(events: LinkEvents): ReturnType<Transport['connect']> {
    const { clock, reviewer } = this.#scene
    this.connections++
    this.#events = events
    let isOpen = true
    const freeMs = { up: 0, down: 0 }
    const waiting = (direction: Direction): number => {
      const leftMs = Math.max(0, freeMs[direction] - clock.monotonic())
      return leftMs === 0 ? 0 : leftMs * this.bytesPerMs[direction]
    }
    const carry = (direction: Direction, text: string, arrive: () => void): void => {
      if (!isOpen) return
      const now = clock.monotonic()
      const kind = text.slice(2, text.indexOf('"', 2))
      this.sent.push({ direction, kind, atMs: now, text })
      if (this.loses(direction, text)) return
      freeMs[direction] =
        Math.max(freeMs[direction], now) + Buffer.byteLength(text) / this.bytesPerMs[direction]
      clock.after(freeMs[direction] + DELAY_MS - now, () => {
        if (isOpen) arrive()
      })
      this.mostWaiting[direction] = Math.max(this.mostWaiting[direction], waiting(direction))
    }
    const waits = (direction: Direction): { readonly bufferedBytes?: number } =>
      Object.defineProperty({}, 'bufferedBytes', {
        get: () => (this.tells ? waiting(direction) : undefined),
      })
    const attached = reviewer.connect(
      Object.assign(waits('down'), {
        send: (text: string) => carry('down', text, () => events.frame(text)),
        close: (reason: string) =>
          clock.after(freeMs.down + DELAY_MS - clock.monotonic(), () => {
            if (!isOpen) return
            isOpen = false
            events.closed(reason)
          }),
      }),
      { address: 'line' },
    )
    const end = (): void => {
      if (!isOpen) return
      isOpen = false
      attached.closed()
    }
    this.#cut = () => {
      if (!isOpen) return
      end()
      events.closed('cut')
    }
    clock.after(DELAY_MS, () => isOpen && events.open())
    return Object.assign(waits('up'), {
      send: (text: string) => carry('up', text, () => attached.frame(text)),
      close: end,
    })
  }
}

export class VirtualScene {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom = new SeededRandom(11)
  readonly database: FaultySpaces = new FaultySpaces({ clock: this.clock })
  #reviewer: Reviewer | undefined
  readonly #stores: SyncStore[] = []

  static async open(options: Partial<ReviewerOptions> = {}): Promise<VirtualScene> {
    const scene = new VirtualScene()
    const signer = simSigner(scene)
    const made = createReviewer({
      space: SPACE,
      spaces: scene.database.connect(),
      keys: await signer.generate(),
      signer,
      clock: scene.clock,
      random: scene.random,
      ...options,
    })
    scene.#reviewer = await scene.result(made)
    return scene
  }

  get reviewer(): Reviewer {
    return this.#reviewer!
  }

  line(): Line {
    return new Line(this)
  }

  disk(): FaultyDisk {
    return new FaultyDisk({ clock: this.clock })
  }

  /** A page that opens the store. Pages of one device share a disk and locks. */
  async page(
    line: Line,
    {
      entities,
      disk,
      locks = new SimLocks(),
      online = true,
      signerMs = 0,
      isNative = true,
      limits = {},
      scope,
      person,
    }: {
      readonly entities: readonly Entity[]
      readonly disk?: FaultyDisk
      readonly locks?: SimLocks
      readonly online?: boolean
      /** How long a signature takes to make or to check. */
      readonly signerMs?: number
      readonly isNative?: boolean
      readonly limits?: Partial<Limits>
      readonly scope?: FollowedScope | undefined
      /** Sent as the token of a login; undefined: there is none. */
      readonly person?: string
    },
  ): Promise<SyncStore> {
    const store = createLimitedStore(
      {
        space: SPACE,
        entities,
        scope,
        transports: [line],
        ...(disk && { storage: disk.storage() }),
        identity: { personalId: person ?? 'person' },
        ...(person !== undefined && { auth: person }),
        platform: {
          clock: this.clock,
          random: this.random,
          signer: simSigner({
            ...{ random: this.random, clock: this.clock, isNative },
            delayMs: () => signerMs,
          }),
          locks: locks.tab(),
        },
      },
      limits,
    )
    if (!online) store.setOnline(false)
    this.#stores.push(store)
    await this.result(store.ready)
    return store
  }

  /** Lets virtual time pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.clock.monotonic() + ms
    this.clock.after(ms, () => {})
    while (this.clock.monotonic() < endMs) await this.#step()
  }

  /** Virtual milliseconds until it holds. Throws when that takes longer than `mostMs`. */
  async until(holds: () => boolean, mostMs: number): Promise<number> {
    const startMs = this.clock.monotonic()
    this.clock.after(mostMs, () => {})
    while (!holds()) {
      if (this.clock.monotonic() - startMs >= mostMs)
        throw new Error(
          `not within ${mostMs} ms: ${JSON.stringify(this.#stores.map((s) => s.status.getState()))}`,
        )
      await this.#step()
    }
    return this.clock.monotonic() - startMs
  }

  /** Resolves like the promise, while virtual time passes. */
  async result<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = (): boolean => (isOver = true)
    promise.then(over, over)
    await this.until(() => isOver, 60_000)
    return promise
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await this.result(store.close())
    await this.result(this.reviewer.close())
  }

  async #step(): Promise<void> {
    if (this.clock.nextMs === undefined) this.clock.after(1, () => {})
    this.clock.step()
    await new Promise(setImmediate)
  }
}
