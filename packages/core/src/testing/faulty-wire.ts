/**
 * A simulated network, transport and gateway in one: slow with a heavy tail, it drops, duplicates and
 * reorders frames, cuts links, blocks one or both directions and leaves half-open links. Frames are
 * immutable text, so they are not cloned, and never corrupted. Without faults it passes
 * `test/contract/transport.ts` as lossless, with faults as a transport at its worst.
 *
 *   near (a `Transport` for each device) ══ link ══ far (the reviewer)
 */
import type { Clock } from '../ports/clock.ts'
import { FRAME_BYTES_MAX, type Link, type LinkEvents, type Transport } from '../ports/transport.ts'
import { ProcessClock } from './virtual-clock.ts'
import {
  type Accept,
  type Direction,
  type Sent,
  type Serving,
  WireLink,
  type WireFaults,
  type WireHost,
} from './wire-link.ts'

const SOUND: WireFaults = {
  delayMs: () => 1,
  drops: () => false,
  repeats: () => false,
  overtakes: () => false,
  refuses: () => false,
  noticeMs: () => 1,
  outlasts: () => false,
  bytesPerSecond: () => Infinity,
  bufferBytesMax: () => Infinity,
}

/** The options of a faulty wire. Without `faults` it never fails. */
export interface FaultyWireOptions {
  readonly clock: Clock
  readonly faults?: Partial<WireFaults>
  readonly frameBytesMax?: number
  /** Called for every frame when it is sent. */
  readonly onSend?: Sent
}

/** The path between one device and the reviewer. */
class Path {
  readonly blocked: Record<Direction, boolean> = { up: false, down: false }
  readonly wakes: Set<() => void> = new Set<() => void>()
}

/** A simulated network between replicas and one reviewer that delays, drops, duplicates and reorders frames. */
export class FaultyWire implements WireHost {
  faults: WireFaults
  readonly clock: Clock
  readonly frameBytesMax: number
  readonly onSend: Sent
  readonly #paths = new Map<string, Path>()
  readonly #links = new Set<WireLink>()
  #serving: Serving | undefined

  constructor({ clock, faults, frameBytesMax, onSend }: FaultyWireOptions) {
    this.frameBytesMax = frameBytesMax ?? FRAME_BYTES_MAX
    this.clock = clock
    this.faults = { ...SOUND, ...faults }
    this.onSend = onSend ?? (() => {})
  }

  /** The transport of the process with that clock, on the device of that name. */
  transport(name: string, process: ProcessClock = new ProcessClock(this.clock)): Transport {
    return {
      connect: (events) => this.#connect(name, process, events),
      onWake: (wake) => {
        const { wakes } = this.#path(name)
        const own = (): void => process.deliver(wake)
        wakes.add(own)
        return () => wakes.delete(own)
      },
    }
  }

  /** Accepts links, until `vanish` or the death of the process. */
  serve(accept: Accept, process: ProcessClock = new ProcessClock(this.clock)): void {
    this.#serving = { process, accept }
  }

  /** Stops serving. Open links break. */
  vanish(): void {
    this.#serving = undefined
    this.cut()
  }

  /** Breaks the links of dead processes. */
  bury(): void {
    for (const link of this.links()) if (link.isOrphaned) link.cut()
  }

  get serving(): Serving | undefined {
    return this.#serving?.process.dead ? undefined : this.#serving
  }

  /** The open links of a device, or of all. */
  links(name?: string): WireLink[] {
    return [...this.#links].filter((link) => name === undefined || link.name === name)
  }

  /** Breaks the open links of a device, or of all. */
  cut(name?: string): void {
    for (const link of this.links(name)) link.cut()
  }

  /** Drops all frames in these directions, without notifying either end. */
  block(name: string, ...directions: readonly Direction[]): void {
    for (const direction of directions) this.#path(name).blocked[direction] = true
  }

  isBlocked(name: string, direction: Direction): boolean {
    return this.#path(name).blocked[direction]
  }

  /** Ends the block, and notifies the device that its network is back. */
  unblock(name: string): void {
    const path = this.#path(name)
    Object.assign(path.blocked, { up: false, down: false })
    for (const wake of [...path.wakes]) wake()
  }

  #path(name: string): Path {
    let path = this.#paths.get(name)
    if (!path) this.#paths.set(name, (path = new Path()))
    return path
  }

  forget(link: WireLink): void {
    this.#links.delete(link)
  }

  #connect(name: string, process: ProcessClock, events: LinkEvents): Link {
    const link = new WireLink(this, { name, process, events })
    this.#links.add(link)
    link.dial()
    return link
  }
}
