/**
 * One link of the faulty wire, with both ends. Ordered, except for faults; a closed end sends and
 * receives nothing more, and each end is notified of the close at most once.
 *
 *   near: dialing ─▶ open ─▶ closed            far: (not there) ─▶ open ─▶ closed
 */
import { isLongerThan, utf8Bytes } from '../base/size.ts'
import type { Link, LinkEvents, ServerLink } from '../ports/transport.ts'
import type { Clock } from '../ports/clock.ts'
import type { ProcessClock } from './virtual-clock.ts'

/** `up` is to the reviewer, `down` to the client. */
export type Direction = 'up' | 'down'

/** The faults of a wire. Each function is called when its fault can occur. */
export interface WireFaults {
  /** One-way time of a frame, in ms. */
  readonly delayMs: (direction: Direction) => number
  readonly drops: () => boolean
  readonly repeats: () => boolean
  /** Whether a frame may overtake earlier ones. */
  readonly overtakes: () => boolean
  /** Whether a connection attempt fails. */
  readonly refuses: () => boolean
  /** Time until an end detects that the path is broken, in ms; undefined: never. */
  readonly noticeMs: () => number | undefined
  /** Whether a link with blocked frames survives the block. */
  readonly outlasts: () => boolean
  /** The bandwidth; `Infinity`: frames take only their delay. */
  readonly bytesPerSecond: (direction: Direction) => number
  /** Maximum buffered bytes at an end of a link. More close the link, as a gateway does to a slow reader. */
  readonly bufferBytesMax: () => number
}

/** The handlers of the far end of a link. */
export interface FarEnd {
  frame(text: string): void
  closed(): void
}

/** Accepts the reviewer's end of a new link; `name`: the client's device. */
export type Accept = (link: ServerLink, name: string) => FarEnd

/** The reviewer's process, and its handler for new links. */
export interface Serving {
  readonly process: ProcessClock
  readonly accept: Accept
}

/**
 * Called for each frame. A process has one link after another, and the reviewer may still use the
 * older one.
 */
export type Sent = (direction: Direction, name: string, text: string, link: WireLink) => void

/** The wire, as its links use it. */
export interface WireHost {
  readonly clock: Clock
  readonly faults: WireFaults
  readonly serving: Serving | undefined
  /** UTF-8 bytes of a frame; a larger one ends its link. */
  readonly frameBytesMax: number
  /** Called for every frame when it is sent. */
  readonly onSend: Sent
  isBlocked(name: string, direction: Direction): boolean
  /** Called when both ends of the link are closed. */
  forget(link: WireLink): void
}

interface NearEnd {
  readonly name: string
  readonly process: ProcessClock
  readonly events: LinkEvents
}

interface FarSide {
  readonly process: ProcessClock
  end: FarEnd | undefined
  /** False once this end is notified that the link has ended. */
  isOpen: boolean
  /** This end has closed the link itself, and sends nothing more. */
  hasClosed: boolean
}

/** One connection over a faulty wire, with both of its ends. */
export class WireLink implements Link {
  readonly name: string
  readonly #wire: WireHost
  readonly #near: NearEnd
  #nearState: 'dialing' | 'open' | 'closed' = 'dialing'
  #far: FarSide | undefined
  /** No frame passes any more; an end detects it later, or never. */
  #isBroken = false
  /** When the last frame of each direction arrives. */
  readonly #lastMs: Record<Direction, number> = { up: 0, down: 0 }
  /** Buffered bytes of each direction. */
  readonly #waiting: Record<Direction, number> = { up: 0, down: 0 }
  /** When the last of them will have left the buffer. */
  readonly #freeMs: Record<Direction, number> = { up: 0, down: 0 }

  constructor(wire: WireHost, near: NearEnd) {
    this.#wire = wire
    this.#near = near
    this.name = near.name
  }

  /** Whether a process at one of its ends is dead. */
  get isOrphaned(): boolean {
    return this.#near.process.dead || this.#far?.process.dead === true
  }

  get isOpen(): boolean {
    return this.#nearState === 'open' && !this.#isBroken
  }

  /** Buffered bytes of the near end. */
  get bufferedBytes(): number {
    return this.#waiting.up
  }

  /** Connects to the serving process. */
  dial(): void {
    this.#carry('up', () => {
      const { serving, faults } = this.#wire
      if (!serving || faults.refuses()) {
        this.#carry('down', () => this.#closeNear('the reviewer cannot be reached'))
      } else {
        serving.process.deliver(() => this.#accept(serving))
      }
    })
  }

  send(text: string): void {
    if (this.#nearState !== 'open') return
    this.#wire.onSend('up', this.name, text, this)
    this.#put('up', text)
  }

  close(): void {
    if (this.#nearState === 'closed') return
    this.#nearState = 'closed'
    if (this.#isBroken) return
    this.#carry('up', () => this.#closeFar())
    this.#forgetIfOver()
  }

  /** Breaks the path: both ends detect it, each in its own time. */
  cut(): void {
    if (this.#isBroken) return
    this.#isBroken = true
    this.#notice(() => this.#closeNear('the connection is lost'))
    this.#notice(() => this.#closeFar())
  }

  #accept({ accept, process }: Serving): void {
    if (this.#nearState === 'closed') return
    const far: FarSide = { process, end: undefined, isOpen: true, hasClosed: false }
    this.#far = far
    const waiting = this.#waiting
    const link: ServerLink = {
      get bufferedBytes() {
        return waiting.down
      },
      send: (text) => {
        if (!far.isOpen || far.hasClosed) return
        this.#wire.onSend('down', this.name, text, this)
        this.#put('down', text)
      },
      close: (reason) => {
        if (!far.isOpen || far.hasClosed) return
        far.hasClosed = true
        process.after(0, () => this.#closeFar())
        this.#carry('down', () => this.#closeNear(reason))
      },
    }
    // Scheduled before the far end can send, so that `open` is the first event.
    this.#carry('down', () =>
      this.#near.process.deliver(() => {
        if (this.#nearState !== 'dialing') return
        this.#nearState = 'open'
        this.#near.events.open()
      }),
    )
    far.end = accept(link, this.name)
  }

  /** Sends a frame, after the buffered ones. */
  #put(direction: Direction, text: string): void {
    const { clock, faults, frameBytesMax } = this.#wire
    const perSecond = faults.bytesPerSecond(direction)
    const bytes = perSecond === Infinity ? 0 : utf8Bytes(text)
    if (isLongerThan(text, frameBytesMax)) this.cut()
    else if (perSecond === Infinity) this.#frame(direction, text)
    else if (this.#waiting[direction] + bytes > faults.bufferBytesMax()) this.cut()
    else {
      this.#waiting[direction] += bytes
      const now = clock.monotonic()
      const leftMs = Math.max(now, this.#freeMs[direction]) + (bytes / perSecond) * 1_000
      this.#freeMs[direction] = leftMs
      clock.after(leftMs - now, () => {
        this.#waiting[direction] -= bytes
        this.#frame(direction, text)
      })
    }
  }

  #frame(direction: Direction, text: string): void {
    const { faults } = this.#wire
    const arrive = (): void => this.#arrived(direction, text)
    if (!faults.drops()) this.#carry(direction, arrive, faults.overtakes())
    if (faults.repeats()) this.#carry(direction, arrive, true)
  }

  #arrived(direction: Direction, text: string): void {
    const { process, events } = this.#near
    if (direction === 'down') {
      process.deliver(() => {
        if (this.#nearState === 'open') events.frame(text)
      })
    } else {
      this.#far?.process.deliver(() => {
        if (this.#far?.isOpen && !this.#far.hasClosed) this.#far.end?.frame(text)
      })
    }
  }

  /** Delivers one frame over the network. A blocked path drops it, and may break the link. */
  #carry(direction: Direction, arrive: () => void, overtakes = false): void {
    const { clock, faults } = this.#wire
    if (this.#isBroken) return
    if (this.#wire.isBlocked(this.name, direction)) {
      if (!faults.outlasts()) this.cut()
      return
    }
    const soonest = overtakes ? 0 : this.#lastMs[direction]
    const atMs = Math.max(soonest, clock.monotonic() + faults.delayMs(direction))
    this.#lastMs[direction] = Math.max(this.#lastMs[direction], atMs)
    clock.after(atMs - clock.monotonic(), () => {
      if (!this.#isBroken) arrive()
    })
  }

  #notice(close: () => void): void {
    const { clock, faults } = this.#wire
    const waitMs = faults.noticeMs()
    if (waitMs !== undefined) clock.after(waitMs, close)
  }

  #closeNear(reason: string): void {
    this.#near.process.deliver(() => {
      if (this.#nearState === 'closed') return
      this.#nearState = 'closed'
      this.#forgetIfOver()
      this.#near.events.closed(reason)
    })
  }

  #closeFar(): void {
    const far = this.#far
    far?.process.deliver(() => {
      if (!far.isOpen) return
      far.isOpen = false
      this.#forgetIfOver()
      far.end?.closed()
    })
  }

  #forgetIfOver(): void {
    if (this.#nearState === 'closed' && !this.#far?.isOpen) this.#wire.forget(this)
  }
}
