/**
 * Many spaces in one process. A space is opened for its first link, and closed some time after its
 * last. The first frame of a link names its space; its frames are queued until that space is open.
 *
 *   link ─▶ hello ─▶ (space refused: bye) ─▶ space opened ─▶ frames go to its reviewer
 */
import type { Outcome } from '../base/outcome.ts'
import { NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import { WIRE_VERSION } from '../facts/message.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { Entity } from '../schema/entity.ts'
import { type ByeCode, parseAuthorFrame, reviewerFrame } from '../wire/frames.ts'
import type { Attached, Reviewer, ReviewerEvent, ReviewerOptions } from './api.ts'
import type { Peer } from './login.ts'
import { type Caches, cachesOf } from '../review/caches.ts'
import type { LateWork } from '../review/revocations.ts'
import type { Revoked } from '../review/revoked.ts'
import { openReviewer } from './reviewer.ts'

/** Options of all reviewers of a host, and the spaces that it accepts. */
export interface HostOptions<E extends Entity = Entity> extends Omit<
  ReviewerOptions<E>,
  'space' | 'onEvent'
> {
  /** The spaces that are reviewed here: a list, or a predicate. */
  readonly accepts: readonly Uuid[] | ((space: Uuid) => boolean)
  /** Maximum of open spaces. Default: 64. */
  readonly openSpacesMax?: number
  /** Time in ms after which a space without links is closed. Default: 60,000. */
  readonly idleMs?: number
  /** Called with each event and its space, for logs and metrics. */
  readonly onEvent?: (event: ReviewerEvent, space: Uuid) => void
}

/** Present figures of a host, for health checks and metrics. */
export interface HostHealth {
  readonly openSpaces: number
  readonly connections: number
  /** False while the store of an open space fails. */
  readonly healthy: boolean
  readonly pendingCommit: number
}

/** A running host. The first frame of a link names its space. */
export interface ReviewerHost {
  readonly publicKey: string
  readonly state: HostHealth
  /** The reviewers that are open now. */
  readonly open: readonly Reviewer[]
  connect(link: ServerLink, peer: Peer): Attached
  /** As of each reviewer that is open. */
  rightsChanged(personalId?: string): void
  /** As `Reviewer.revoke`, in that space, which is opened for it. */
  revoke(space: Uuid, who: Revoked, options?: { readonly late?: LateWork }): Promise<void>
  /** As `Reviewer.readmit`. */
  readmit(space: Uuid, who: Revoked): Promise<void>
  /** As `Reviewer.eraseValues`. */
  eraseValues(space: Uuid, entityId: Uuid, regs?: readonly string[]): Promise<Outcome<number>>
  /** Waits for running commits, sends `bye` on every link, and closes every space. */
  close(): Promise<void>
}

const OPEN_SPACES_MAX = 64
const IDLE_MS = 60_000

/** Creates a host for many spaces in one process. A space is opened by its first link, and closed when idle. */
export function createReviewerHost<E extends Entity>(options: HostOptions<E>): ReviewerHost
export function createReviewerHost(options: HostOptions): ReviewerHost {
  return new Host(options)
}

interface OpenSpace {
  readonly reviewer: Promise<Reviewer>
  /** Undefined until it is open. */
  ready: Reviewer | undefined
  links: number
  cancelIdle: (() => void) | undefined
}

class Host implements ReviewerHost {
  readonly #options: HostOptions
  readonly #limits: Limits
  /** Shared by all spaces. */
  readonly #caches: Caches
  readonly #spaces = new Map<Uuid, OpenSpace>()
  /**
   * Spaces that are being closed, and are not opened again before: two reviewers of a space would
   * fence each other.
   */
  readonly #leaving = new Map<Uuid, Promise<void>>()
  /** Links without an open space yet. */
  readonly #arrivals = new Set<Arrival>()
  #closing = false

  constructor(options: HostOptions) {
    this.#options = options
    this.#limits = { ...LIMITS, ...options.limits }
    this.#caches = cachesOf(this.#limits)
  }

  get publicKey(): string {
    return this.#options.keys.publicKey
  }

  get open(): readonly Reviewer[] {
    return [...this.#spaces.values()].flatMap(({ ready }) => ready ?? [])
  }

  get state(): HostHealth {
    const states = this.open.map(({ state }) => state)
    return {
      openSpaces: this.#spaces.size,
      connections: states.reduce((sum, { connections }) => sum + connections, 0),
      healthy: states.every(({ healthy }) => healthy),
      pendingCommit: states.reduce((sum, { pendingCommit }) => sum + pendingCommit, 0),
    }
  }

  connect(link: ServerLink, peer: Peer): Attached {
    const arrival: Arrival = new Arrival(link, {
      limits: this.#limits,
      after: (ms, task) => this.#options.clock.after(ms, task),
      onSpace: (space) => this.#arrived(space, { link, peer, arrived: arrival }),
      onEnd: () => this.#arrivals.delete(arrival),
    })
    this.#arrivals.add(arrival)
    return arrival
  }

  rightsChanged(personalId?: string): void {
    for (const reviewer of this.open) reviewer.rightsChanged(personalId)
  }

  revoke(space: Uuid, who: Revoked, options?: { readonly late?: LateWork }): Promise<void> {
    return this.#with(space, (reviewer) => reviewer.revoke(who, options))
  }

  readmit(space: Uuid, who: Revoked): Promise<void> {
    return this.#with(space, (reviewer) => reviewer.readmit(who))
  }

  eraseValues(space: Uuid, entityId: Uuid, regs?: readonly string[]): Promise<Outcome<number>> {
    return this.#with(space, (reviewer) => reviewer.eraseValues(entityId, regs))
  }

  /** Calls the reviewer of a space, which stays open meanwhile. */
  async #with<T>(space: Uuid, call: (reviewer: Reviewer) => Promise<T>): Promise<T> {
    if (this.#closing) throw new Error('the reviewer is stopping')
    const open = this.#opened(space)
    open.links++
    open.cancelIdle?.()
    try {
      return await call(await open.reviewer)
    } finally {
      if (!open.ready && this.#spaces.get(space) === open) this.#spaces.delete(space)
      else this.#left(space, open)
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    for (const arrival of [...this.#arrivals]) arrival.refuse('the reviewer is stopping')
    const spaces = [...this.#spaces.values()]
    await Promise.allSettled([
      ...spaces.map(async ({ reviewer }) => (await reviewer).close()),
      ...this.#leaving.values(),
    ])
    await this.#options.spaces.close()
  }

  /** Called when a link has named its space: opens the space and attaches the link, or refuses it. */
  #arrived(
    space: Uuid,
    { link, peer, arrived }: { link: ServerLink; peer: Peer; arrived: Arrival },
  ): void {
    const { accepts, openSpacesMax = OPEN_SPACES_MAX, onEvent } = this.#options
    const isAccepted = typeof accepts === 'function' ? accepts(space) : accepts.includes(space)
    if (!isAccepted) {
      const why = `this reviewer does not review the space ${space}`
      onEvent?.({ type: 'greeting_refused', address: peer.address, why }, space)
      arrived.refuse(why, 'wrong_space')
      return
    }
    const isFull = !this.#spaces.has(space) && this.#spaces.size >= openSpacesMax
    if (this.#closing || (isFull && !this.#closeIdle())) {
      arrived.refuse(this.#closing ? 'the reviewer is stopping' : 'too many spaces are open')
      return
    }
    const open = this.#opened(space)
    open.links++
    open.cancelIdle?.()
    open.reviewer.then(
      (reviewer) => arrived.join(reviewer.connect(link, peer), () => this.#left(space, open)),
      (error: unknown) => {
        if (this.#spaces.get(space) === open) this.#spaces.delete(space)
        const words = error instanceof Error ? error.message : String(error)
        onEvent?.({ type: 'store_failed', error: words }, space)
        arrived.refuse('the store does not answer')
      },
    )
  }

  #opened(space: Uuid): OpenSpace {
    const known = this.#spaces.get(space)
    if (known) return known
    const { onEvent, accepts: _, openSpacesMax: __, idleMs: ___, ...options } = this.#options
    const create = (): Promise<Reviewer> =>
      openReviewer(
        {
          ...options,
          space,
          ...(onEvent && { onEvent: (event: ReviewerEvent) => onEvent(event, space) }),
        },
        this.#caches,
      )
    const reviewer = this.#leaving.get(space)?.then(create) ?? create()
    const open: OpenSpace = { reviewer, ready: undefined, links: 0, cancelIdle: undefined }
    this.#spaces.set(space, open)
    reviewer.then(
      (ready) => (open.ready = ready),
      () => {},
    )
    return open
  }

  #left(space: Uuid, open: OpenSpace): void {
    if (--open.links > 0 || this.#closing) return
    const { clock, idleMs = IDLE_MS } = this.#options
    open.cancelIdle = clock.after(idleMs, () => this.#closeSpace(space, open))
  }

  /** Closes one space without links. Returns false if there is none. */
  #closeIdle(): boolean {
    for (const [space, open] of this.#spaces) {
      if (open.links > 0) continue
      this.#closeSpace(space, open)
      return true
    }
    return false
  }

  #closeSpace(space: Uuid, open: OpenSpace): void {
    open.cancelIdle?.()
    this.#spaces.delete(space)
    const left = open.reviewer
      .then((reviewer) => reviewer.close())
      .catch(() => {}) // the store has failed, which was reported
      .then(() => void (this.#leaving.get(space) === left && this.#leaving.delete(space)))
    this.#leaving.set(space, left)
  }
}

interface ArrivalParts {
  readonly limits: Limits
  readonly after: (ms: number, task: () => void) => () => void
  readonly onSpace: (space: Uuid) => void
  /** Called when the link is attached to a space, or closed. */
  readonly onEnd: () => void
}

/** A link before it is attached to the reviewer of its space. */
class Arrival implements Attached {
  readonly #link: ServerLink
  readonly #parts: ArrivalParts
  readonly #waiting: string[] = []
  #bytes = NO_BYTES
  #attached: Attached | undefined
  #onLeave: () => void = () => {}
  #isOver = false
  #isNamed = false
  readonly #cancelTimer: () => void

  constructor(link: ServerLink, parts: ArrivalParts) {
    this.#link = link
    this.#parts = parts
    this.#cancelTimer = parts.after(parts.limits.handshakeMs, () =>
      this.refuse(this.#isNamed ? 'the space is not open yet' : 'no space was named in time'),
    )
  }

  frame(text: string): void {
    if (this.#attached) {
      this.#attached.frame(text)
      return
    }
    if (this.#isOver) return
    this.#bytes = addBytes(this.#bytes, utf8Bytes(text))
    if (this.#bytes > this.#parts.limits.handshakeBytesMax) {
      this.refuse('too many bytes before a session was bound')
      return
    }
    this.#waiting.push(text)
    if (!this.#isNamed) this.#named(text)
  }

  closed(): void {
    this.#cancelTimer()
    this.#isOver = true
    this.#parts.onEnd()
    this.#attached?.closed()
    this.#onLeave()
    this.#onLeave = () => {}
  }

  /** Attaches the link to the reviewer of its space, which is open now, with the frames received so far. */
  join(attached: Attached, onLeave: () => void): void {
    this.#cancelTimer()
    this.#parts.onEnd()
    if (this.#isOver) {
      attached.closed()
      onLeave()
      return
    }
    this.#attached = attached
    this.#onLeave = onLeave
    for (const text of this.#waiting.splice(0)) attached.frame(text)
  }

  refuse(reason: string, code: ByeCode | null = null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelTimer()
    this.#parts.onEnd()
    this.#link.send(reviewerFrame('bye', { reason, code }))
    this.#link.close(reason)
  }

  #named(text: string): void {
    const frame = parseAuthorFrame(text, this.#parts.limits)
    if (!frame.ok || frame.value.kind !== 'hello') {
      this.refuse('a frame before hello')
      return
    }
    const { v, space } = frame.value
    if (v !== WIRE_VERSION) {
      const why = `this reviewer speaks version ${WIRE_VERSION} of the protocol, the store version ${v}`
      this.refuse(why, 'wrong_version')
      return
    }
    this.#isNamed = true
    this.#parts.onSpace(space)
  }
}
