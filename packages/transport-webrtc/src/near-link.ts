/**
 * The end of a link that opens it: waits for a peer that serves, opens a channel to it, and
 * converts the events of the channel to those of the port.
 *
 *   seeking ──a peer serves──▶ opening ──accepted──▶ open ──▶ ended   `closed` once
 *      └──────────time out────────┴────────────────────────────^
 */
import type { Link, LinkEvents } from '@countersign/core/ports'
import type { ChannelEvents, FrameChannel } from './frame-channel.ts'
import type { PeerConnection } from './peer-connection.ts'

/** The parts of its peers that a link uses. */
export interface NearHost {
  readonly connectTimeoutMs: number
  /** Looks for a peer that serves, now and later; the answer is `found`. */
  seek(link: NearLink): void
  /** Opens a channel over that connection. */
  open(connection: PeerConnection, events: ChannelEvents): FrameChannel
  /** The link has ended. `unused`: a connection over which no link could be opened in time. */
  forget(link: NearLink, unused: PeerConnection | undefined): void
}

/** Interval of requests for a serving peer, ms. */
const SEEK_MS = 2_000

export class NearLink implements Link {
  /** The peer that it is for; undefined: any that serves. */
  readonly only: string | undefined
  readonly #host: NearHost
  readonly #events: LinkEvents
  readonly #giveUp: ReturnType<typeof setTimeout>
  #state: 'seeking' | 'opening' | 'open' | 'ended' = 'seeking'
  #again: ReturnType<typeof setTimeout> | undefined
  #channel: FrameChannel | undefined
  #connection: PeerConnection | undefined

  constructor(events: LinkEvents, host: NearHost, only?: string) {
    this.only = only
    this.#host = host
    this.#events = events
    const limitMs = host.connectTimeoutMs
    this.#giveUp = setTimeout(() => {
      const unused = this.#state === 'opening' ? this.#connection : undefined
      this.#end(`no peer that serves within ${limitMs} ms`, unused)
    }, limitMs)
    // Deferred, so that no event precedes the return of the link.
    queueMicrotask(() => this.#seek())
  }

  get isSeeking(): boolean {
    return this.#state === 'seeking'
  }

  get bufferedBytes(): number {
    return this.#channel?.bufferedBytes ?? 0
  }

  /** Called when the peer of that connection serves. The first one is used. */
  found(connection: PeerConnection): void {
    if (this.#state !== 'seeking') return
    if (this.only !== undefined && connection.id !== this.only) return
    this.#state = 'opening'
    this.#connection = connection
    this.#channel = this.#host.open(connection, {
      accepted: () => {
        if (this.#state !== 'opening') return
        this.#state = 'open'
        clearTimeout(this.#giveUp)
        this.#events.open()
      },
      frame: (text) => {
        if (this.#state === 'open') this.#events.frame(text)
      },
      alive: () => {
        if (this.#state === 'open') this.#events.alive?.()
      },
      ended: (reason) => this.end(reason),
    })
  }

  /** Repeated, because signals may be lost. */
  #seek(): void {
    if (this.#state !== 'seeking') return
    this.#host.seek(this)
    this.#again = setTimeout(() => this.#seek(), SEEK_MS)
  }

  send(text: string): void {
    if (this.#state === 'open') this.#channel?.send(text)
  }

  close(): void {
    this.#stop('the other peer has closed the link')
  }

  /** Ends the link with an event. */
  end(reason: string): void {
    this.#end(reason)
  }

  #end(reason: string, unused?: PeerConnection): void {
    if (this.#state === 'ended') return
    this.#stop(reason, unused)
    this.#events.closed(reason)
  }

  #stop(reason: string, unused?: PeerConnection): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#giveUp)
    clearTimeout(this.#again)
    this.#channel?.close(reason)
    this.#host.forget(this, unused)
  }
}
