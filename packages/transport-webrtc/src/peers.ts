/**
 * `webRtcPeers({ signalling })`: pages of one space as peers, each connected with the others by
 * WebRTC. Owns the connections: one for each peer, made when a link needs one, and kept until one of
 * the two leaves. A connection lives on when the signalling is gone.
 *
 *   connect ─▶ a connected peer serves? ── yes ─▶ a channel of its connection
 *                    └ no ─▶ "seek" ─▶ "serves" ─▶ call that peer ─▶ it says so again, connected
 */
import {
  type AcceptLink,
  type LinkEvents,
  type Peers,
  SAID_BYTES_MAX,
  type Signalling,
  type SignallingEvents,
  type Transport,
  isLongerThan,
} from '@countersign/core/ports'
import { FarLink } from './far-link.ts'
import { type ChannelEvents, FrameChannel } from './frame-channel.ts'
import { NearLink } from './near-link.ts'
import type { NearHost } from './near-link.ts'
import { PeerConnection } from './peer-connection.ts'
import type { ConnectionHost } from './peer-connection.ts'
import { type ConnectionSignal, type Signal, parseSignal, signalText } from './signals.ts'

/** Options of `webRtcPeers`. Only `signalling` has no default. */
export interface WebRtcOptions {
  /** How peers find each other: `socketIo(url).signalling`, `byHand()`, or one of your own. */
  readonly signalling: Signalling
  /** STUN and TURN servers. Default: none, for peers of one network. */
  readonly iceServers?: readonly RTCIceServer[]
  /**
   * Connects through a TURN server only, so that peers do not learn each other's network addresses.
   * Needs one in `iceServers`. Default: false.
   */
  readonly relayOnly?: boolean
  /** Timeout of a connection attempt in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number
  /** Default: the one of the platform. For Node, that of a package. */
  readonly RTCPeerConnection?: typeof RTCPeerConnection
}

const CONNECT_TIMEOUT_MS = 10_000
/** Between two tellings that this peer listens, ms. */
const JOIN_MS = 15_000
/** Maximum connections; offers of further peers are ignored. */
const CONNECTIONS_MAX = 32

/**
 * Joins the peers of a space. Makes no connection before a link needs one or another peer asks.
 * Throws for `relayOnly` without a TURN server.
 */
export function webRtcPeers(options: WebRtcOptions): Peers {
  return new RtcPeers(options)
}

class RtcPeers implements Peers, NearHost, ConnectionHost, SignallingEvents {
  readonly transport: Transport
  readonly connectTimeoutMs: number
  readonly configuration: RTCConfiguration
  readonly RTCPeerConnection: typeof RTCPeerConnection
  readonly byHand: boolean
  readonly relayOnly: boolean
  readonly #signalling: Signalling
  /** The id of this peer; empty before it has joined. */
  #self = ''
  /** By the id of the other peer. */
  readonly #connections = new Map<string, PeerConnection>()
  readonly #channels = new Map<PeerConnection, Set<FrameChannel>>()
  /** Links that have not ended. */
  readonly #near = new Set<NearLink>()
  readonly #wakes = new Set<() => void>()
  readonly #listeners = new Set<(text: string, peer: string) => void>()
  #joinedAtMs = -Infinity
  #accept: AcceptLink | undefined
  #isClosed = false
  readonly #unlisten: () => void
  readonly #leave: () => void

  constructor(options: WebRtcOptions) {
    this.#signalling = options.signalling
    this.byHand = options.signalling.byHand ?? false
    this.connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    // Undefined where there is none, on a server: a store there connects to no peer.
    this.RTCPeerConnection = options.RTCPeerConnection ?? globalThis.RTCPeerConnection
    this.relayOnly = options.relayOnly ?? false
    const iceServers = [...(options.iceServers ?? [])]
    if (this.relayOnly && !iceServers.some(isRelay))
      throw new Error('`relayOnly` needs a TURN server in `iceServers`')
    this.configuration = { iceServers, iceTransportPolicy: this.relayOnly ? 'relay' : 'all' }
    this.transport = {
      connect: (events) => this.#connect(events),
      onWake: (wake) => {
        const own = (): void => wake()
        this.#wakes.add(own)
        return () => void this.#wakes.delete(own)
      },
    }
    this.#unlisten = this.#signalling.listen(this)
    this.#leave = onLeave(() => this.#endAll('the page was left'))
  }

  get isServing(): boolean {
    return this.#accept !== undefined
  }

  get #isSeeking(): boolean {
    return [...this.#near].some((link) => link.isSeeking)
  }

  serve(accept: AcceptLink): () => void {
    this.#accept = accept
    this.#say({ kind: 'serves' })
    for (const connection of this.#connections.values()) connection.tell()
    return () => {
      if (this.#accept !== accept) return
      this.#accept = undefined
      for (const connection of this.#connections.values()) connection.tell()
    }
  }

  reach(peer: string): Transport {
    return { connect: (events) => this.#connect(events, peer) }
  }

  /** Over the connections that are open: also when the signalling is gone. */
  say(text: string): void {
    if (isLongerThan(text, SAID_BYTES_MAX)) return
    this.#join()
    for (const connection of this.#connections.values()) connection.say(text)
  }

  listen(heard: (text: string, peer: string) => void): () => void {
    const own = (text: string, peer: string): void => heard(text, peer)
    this.#listeners.add(own)
    this.#join()
    return () => void this.#listeners.delete(own)
  }

  /** Tells others that this peer listens, so that they call it; now and then, as signals are lost. */
  #join(): void {
    const nowMs = performance.now()
    const isDue = nowMs - this.#joinedAtMs >= JOIN_MS
    if (this.#listeners.size === 0 || this.#self === '' || !isDue) return
    this.#joinedAtMs = nowMs
    this.#say({ kind: 'joins' })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unlisten()
    this.#leave()
    this.#endAll('the peers were closed')
  }

  // The interface `SignallingEvents`.

  joined(self: string): void {
    this.#self = self
    if (this.isServing) this.#say({ kind: 'serves' })
    if (this.#isSeeking) this.#say({ kind: 'seek' })
    this.#joinedAtMs = -Infinity
    this.#join()
  }

  signal(from: string, text: string): void {
    const signal = parseSignal(text)
    if (signal) this.#signalled(from, signal)
  }

  meet(id: string): void {
    this.#call(id)
  }

  // The interface `NearHost`.

  seek(link: NearLink): void {
    const serving = [...this.#connections.values()].filter((each) => each.doesServe)
    for (const connection of serving) link.found(connection)
    if (link.isSeeking && link.only === undefined) this.#say({ kind: 'seek' })
  }

  open(connection: PeerConnection, events: ChannelEvents): FrameChannel {
    return this.#channel(connection, connection.channel(), events)
  }

  forget(link: NearLink, unused: PeerConnection | undefined): void {
    this.#near.delete(link)
    unused?.end('no link could be opened')
  }

  // The interface `ConnectionHost`.

  carry(signal: ConnectionSignal, to: string): void {
    this.#say(signal, to)
  }

  asked(connection: PeerConnection, channel: RTCDataChannel): void {
    const accept = this.#accept
    if (accept) {
      void new FarLink({
        ...{ address: connection.id, accept },
        channel: (events) => this.#channel(connection, channel, events),
      })
    } else {
      const idle = { accepted: () => {}, frame: () => {}, alive: () => {}, ended: () => {} }
      this.#channel(connection, channel, idle).close('this peer does not serve')
    }
  }

  heard({ id }: PeerConnection, text: string): void {
    if (isLongerThan(text, SAID_BYTES_MAX)) return
    for (const heard of [...this.#listeners]) heard(text, id)
  }

  told(connection: PeerConnection): void {
    if (connection.doesServe) this.#found(connection)
  }

  ended(connection: PeerConnection, reason: string): void {
    if (this.#connections.get(connection.id) === connection) this.#connections.delete(connection.id)
    const channels = this.#channels.get(connection)
    this.#channels.delete(connection)
    for (const channel of channels ?? []) channel.lost(reason)
  }

  #connect(events: LinkEvents, only?: string): NearLink {
    const link = new NearLink(events, this, only)
    this.#near.add(link)
    return link
  }

  #found(connection: PeerConnection): void {
    for (const link of [...this.#near]) link.found(connection)
    for (const wake of [...this.#wakes]) wake()
  }

  #signalled(from: string, signal: Signal): void {
    if (signal.kind === 'seek') {
      if (this.isServing) this.#say({ kind: 'serves' }, from)
    } else if (signal.kind === 'serves') this.#served(from)
    else if (signal.kind === 'joins') {
      if (this.#listeners.size > 0) this.#call(from)
    } else {
      const known = this.#connections.get(from)
      if (known?.concerns(signal)) known.take(signal)
      else if (signal.kind === 'offer' && signal.other === null) {
        // The other peer has restarted; this end has not noticed yet.
        known?.end('the other peer has connected anew')
        this.#made(from)?.take(signal)
      }
    }
  }

  /** A peer serves: it is called if a link waits, else a store may retry. */
  #served(from: string): void {
    const known = this.#connections.get(from)
    if (known?.doesServe) this.#found(known)
    else if (this.#isSeeking) this.#call(from)
    else for (const wake of [...this.#wakes]) wake()
  }

  #call(id: string): void {
    if (!this.#connections.has(id)) this.#made(id)?.call()
  }

  #made(id: string): PeerConnection | undefined {
    if (this.#isClosed || this.#connections.size >= CONNECTIONS_MAX) return undefined
    const connection = new PeerConnection(id, this.#self < id, this)
    this.#connections.set(id, connection)
    return connection
  }

  #channel(
    connection: PeerConnection,
    channel: RTCDataChannel,
    events: ChannelEvents,
  ): FrameChannel {
    const made = new FrameChannel(channel, events)
    const channels = this.#channels.get(connection) ?? new Set()
    this.#channels.set(connection, channels.add(made))
    channel.addEventListener('close', () => channels.delete(made))
    return made
  }

  #say(signal: Signal, to?: string): void {
    this.#signalling.send(signalText(signal), to)
  }

  #endAll(reason: string): void {
    for (const link of [...this.#near]) link.end(reason)
    for (const connection of [...this.#connections.values()]) connection.end(reason)
  }
}

function isRelay({ urls }: RTCIceServer): boolean {
  return [urls].flat().some((url) => /^turns?:/.test(url))
}

/** Calls `left` when the page is left, also into the cache of the browser. */
function onLeave(left: () => void): () => void {
  if (typeof document === 'undefined') return () => {}
  addEventListener('pagehide', left)
  return () => removeEventListener('pagehide', left)
}
