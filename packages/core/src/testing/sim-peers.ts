/**
 * Peers of a simulated world: what they say and their links, over a network that delays, loses and
 * parts. Each device is on a side; those of other sides are not reached.
 */
import type { Clock } from '../ports/clock.ts'
import type { AcceptLink, Peers } from '../ports/peers.ts'
import type { LinkEvents, Link, Transport } from '../ports/transport.ts'
import type { ProcessClock } from './virtual-clock.ts'

/** The faults of the network between peers. */
export interface PeerFaults {
  /** One-way time of a frame or a text, in ms. */
  readonly delayMs: () => number
  /** Whether a text that is said to all is lost on its way to one of them. */
  readonly loses: () => boolean
  /** Called for each text that a device says to all. */
  readonly onSay?: (device: string, text: string) => void
  /** Called for each frame of a device that reviews. */
  readonly onSend?: (device: string, text: string) => void
  /** What becomes of such a frame: a device may lie. */
  readonly alters?: (device: string, text: string) => string
}

interface SimPeer {
  readonly id: string
  readonly device: string
  readonly process: ProcessClock
  accept: AcceptLink | undefined
  readonly heard: Set<(text: string, peer: string) => void>
  readonly wakes: Set<() => void>
  isClosed: boolean
}

interface SimLink {
  readonly near: SimPeer
  readonly far: SimPeer
  cut(): void
}

/** A network of peers, for all stores of one space. */
export class SimPeers {
  readonly #clock: Clock
  readonly #faults: PeerFaults
  readonly #peers = new Map<string, SimPeer>()
  readonly #links = new Set<SimLink>()
  /** By device; absent: 0. */
  readonly #sides = new Map<string, number>()
  #count = 0

  constructor(clock: Clock, faults: PeerFaults) {
    this.#clock = clock
    this.#faults = faults
  }

  /** The peers of a store of that device, in that process. */
  join(device: string, process: ProcessClock): Peers {
    const id = `peer ${++this.#count}`
    const heard: SimPeer['heard'] = new Set()
    const peer: SimPeer = {
      ...{ id, device, process, heard, accept: undefined, wakes: new Set(), isClosed: false },
    }
    this.#peers.set(id, peer)
    return {
      transport: this.#transport(peer, () => this.#serving(peer)),
      reach: (other) => this.#transport(peer, () => this.#peers.get(other)),
      serve: (accept) => {
        peer.accept = accept
        for (const other of this.#reached(peer)) for (const wake of [...other.wakes]) wake()
        return () => {
          if (peer.accept === accept) peer.accept = undefined
        }
      },
      say: (text) => this.#say(peer, text),
      listen: (listener) => {
        peer.heard.add(listener)
        return () => void peer.heard.delete(listener)
      },
      close: () => this.#close(peer),
    }
  }

  /** Puts a device on a side: links to the other sides break. */
  part(device: string, side: number): void {
    this.#sides.set(device, side)
    for (const link of [...this.#links]) if (!this.#isReached(link.near, link.far)) link.cut()
  }

  /** Breaks all links of a device. */
  cut(device: string): void {
    for (const link of [...this.#links])
      if (link.near.device === device || link.far.device === device) link.cut()
  }

  /** Forgets dead processes, and breaks their links. */
  bury(): void {
    for (const peer of [...this.#peers.values()]) if (peer.process.dead) this.#close(peer)
  }

  /** Says a text in the name of a device, as a peer that lies would. */
  lie(device: string, text: string): void {
    const peer = [...this.#peers.values()].find((one) => one.device === device && !one.isClosed)
    if (peer) this.#say(peer, text)
  }

  #sideOf({ device }: SimPeer): number {
    return this.#sides.get(device) ?? 0
  }

  #isReached(a: SimPeer, b: SimPeer): boolean {
    return !a.isClosed && !b.isClosed && this.#sideOf(a) === this.#sideOf(b)
  }

  #reached(peer: SimPeer): SimPeer[] {
    return [...this.#peers.values()].filter((one) => one !== peer && this.#isReached(peer, one))
  }

  #serving(peer: SimPeer): SimPeer | undefined {
    return this.#reached(peer).find(({ accept }) => accept !== undefined)
  }

  #say(peer: SimPeer, text: string): void {
    this.#faults.onSay?.(peer.device, text)
    for (const other of this.#reached(peer)) {
      if (this.#faults.loses()) continue
      this.#clock.after(this.#faults.delayMs(), () => {
        if (!this.#isReached(peer, other)) return
        other.process.deliver(() => {
          for (const listener of [...other.heard]) listener(text, peer.id)
        })
      })
    }
  }

  #close(peer: SimPeer): void {
    peer.isClosed = true
    this.#peers.delete(peer.id)
    for (const link of [...this.#links]) if (link.near === peer || link.far === peer) link.cut()
  }

  #transport(near: SimPeer, found: () => SimPeer | undefined): Transport {
    return {
      connect: (events) => this.#connect(near, found, events),
      onWake: (wake) => {
        const own = (): void => near.process.deliver(wake)
        near.wakes.add(own)
        return () => void near.wakes.delete(own)
      },
    }
  }

  #connect(near: SimPeer, found: () => SimPeer | undefined, events: LinkEvents): Link {
    let isOpen = true
    let lastMs = 0
    let attached: ReturnType<AcceptLink> | undefined
    const carry = (to: SimPeer, task: () => void): void => {
      lastMs = Math.max(lastMs, this.#clock.monotonic() + this.#faults.delayMs())
      this.#clock.after(lastMs - this.#clock.monotonic(), () =>
        to.process.deliver(() => {
          if (isOpen) task()
        }),
      )
    }
    const over = (link: SimLink | undefined): void => {
      isOpen = false
      if (link) this.#links.delete(link)
    }
    let link: SimLink | undefined
    const end = (reason: string): void => {
      if (!isOpen) return
      over(link)
      link?.far.process.deliver(() => attached?.closed())
      near.process.deliver(() => events.closed(reason))
    }
    this.#clock.after(this.#faults.delayMs(), () => {
      const far = found()
      if (!isOpen || !far?.accept || !this.#isReached(near, far)) {
        end('no peer serves')
        return
      }
      const { accept } = far
      link = { near, far, cut: () => end('the link is lost') }
      this.#links.add(link)
      far.process.deliver(() => {
        if (!isOpen) return
        carry(near, () => events.open())
        attached = accept(
          {
            send: (sent) => {
              const text = this.#faults.alters?.(far.device, sent) ?? sent
              this.#faults.onSend?.(far.device, text)
              carry(near, () => events.frame(text))
            },
            close: (reason) => carry(near, () => end(reason)),
          },
          { address: near.id },
        )
      })
    })
    return {
      send: (text) => {
        if (link) carry(link.far, () => attached?.frame(text))
      },
      close: () => {
        if (!isOpen) return
        over(link)
        link?.far.process.deliver(() => attached?.closed())
      },
    }
  }
}
