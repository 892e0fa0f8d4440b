/**
 * `shareBetweenTabs(name, transport)`: one connection to the reviewer for all tabs of a browser. One tab
 * leads: it holds a Web Lock and has the connection. The links of the others go through it, each as
 * a link of its own on that connection, with its own greeting and sessions; so nothing is wrong
 * where, for a moment, two tabs lead or none does.
 *
 *   waiting for the lock ──granted──▶ leads, until the page ends
 *     links through the leader; without an answer of it, over a connection of its own
 */
import type { Link, LinkEvents, Signalling, Transport } from '@countersign/core/ports'
import type { FarLink } from '../far-link.ts'
import { TabPeers } from '../peers.ts'
import type { BroadcastOptions } from '../peers.ts'
import { holdLock } from '../tab-life.ts'
import { Relay } from './relay.ts'
import type { ShareableTransport } from './shareable.ts'
import { SharedLink } from './shared-link.ts'
import { SharedSignalling } from './shared-signalling.ts'

/** A transport that the tabs of a browser share. */
export interface SharedTransport extends Transport {
  /** Signalling between peers, also of tabs without the connection. */
  readonly signalling: Signalling
  /** Whether this tab has the connection of all. */
  readonly leads: boolean
  /** Ends all links, and lets another tab lead. Idempotent. */
  close(): void
}

/** Time that a tab has to answer, ms; after it another one opens a connection of its own. */
const ANSWER_MS = 1_000
/** Links of other tabs that one tab carries; a tab beyond them opens a connection of its own. */
const CARRIED_MAX = 32

/**
 * Shares `transport` between the tabs of this origin that use the same name; one name a reviewer.
 * Nothing is opened before the first `connect`. Where there are no Web Locks or no
 * BroadcastChannel, each tab has a connection of its own.
 */
export function shareBetweenTabs(
  name: string,
  transport: ShareableTransport,
  options: BroadcastOptions = {},
): SharedTransport {
  return new Sharing(name, transport, options)
}

class Sharing implements SharedTransport {
  readonly signalling: SharedSignalling
  readonly #name: string
  readonly #transport: ShareableTransport
  readonly #options: BroadcastOptions
  readonly #links = new Set<SharedLink>()
  readonly #relays = new Set<Relay>()
  readonly #wakes = new Set<() => void>()
  #peers: TabPeers | undefined
  #lock: ReturnType<typeof holdLock> | undefined
  #unserve = (): void => {}
  #leads = false
  #isClosed = false

  constructor(name: string, transport: ShareableTransport, options: BroadcastOptions) {
    this.#name = name
    this.#transport = transport
    this.#options = options
    this.signalling = new SharedSignalling(transport.signalling)
  }

  get leads(): boolean {
    return this.#leads
  }

  connect(events: LinkEvents): Link {
    const peers = this.#joined()
    if (this.#leads || !peers) return this.#transport.connect(events)
    const link = new SharedLink(events, {
      through: (near) => peers.connect(near),
      own: (own) => this.#transport.connect(own),
      signalling: this.signalling,
      onEnd: (ended) => void this.#links.delete(ended),
    })
    this.#links.add(link)
    return link
  }

  onWake(wake: () => void): () => void {
    const own = (): void => wake()
    this.#wakes.add(own)
    const unlisten = this.#transport.onWake?.(own)
    return () => {
      this.#wakes.delete(own)
      unlisten?.()
    }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#leads = false
    for (const link of [...this.#links]) link.end('the transport was closed')
    for (const relay of [...this.#relays]) relay.end('the tab has closed the connection')
    this.#peers?.close()
    this.#lock?.free()
  }

  /** Joins the other tabs, once; undefined where tabs cannot reach each other, or after the end. */
  #joined(): TabPeers | undefined {
    const isPossible = this.#options.channel !== undefined || 'BroadcastChannel' in globalThis
    if (this.#isClosed || !isPossible) return undefined
    if (this.#peers) return this.#peers
    const name = `${this.#name}/share`
    this.#peers = new TabPeers(name, { connectTimeoutMs: ANSWER_MS, ...this.#options })
    this.#peers.transport.onWake?.(() => this.#wake())
    this.#lock = holdLock(`${name}/lead`)
    void this.#lock.held.then(() => this.#lead())
    return this.#peers
  }

  #lead(): void {
    if (this.#isClosed) return
    this.#leads = true
    for (const link of [...this.#links]) link.lead()
    this.#serve()
    this.#wake()
  }

  #serve(): void {
    const unserve = this.#peers?.serve((link) => this.#carry(link), { opensLater: true })
    if (unserve) this.#unserve = unserve
  }

  #carry(link: FarLink): Relay {
    const relay = new Relay(link, this.#transport.beside(), () => {
      const wasFull = this.#relays.size >= CARRIED_MAX
      this.#relays.delete(relay)
      if (wasFull && this.#leads) this.#serve()
    })
    this.#relays.add(relay)
    if (this.#relays.size >= CARRIED_MAX) this.#unserve()
    return relay
  }

  /** Ends the pause of a store without a link: one that seeks or opens must not begin again. */
  #wake(): void {
    if (this.#links.size > 0) return
    for (const wake of [...this.#wakes]) wake()
  }
}
