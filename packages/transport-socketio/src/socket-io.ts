/**
 * `socketIo(url)`: the transport between a replica and its reviewer. It owns one Socket.IO
 * connection per link and turns its events into those of the port.
 *
 *   opening --connect--> open --disconnect, too large a frame--> ended   `closed` once
 *      \--connect_error, time out-------------------------------^
 *
 * It does not parse frames, and disables what core does itself: reconnection (core has its own
 * backoff), retries and recovery (core resumes by position).
 */
import { FRAME_BYTES_MAX, isLongerThan, utf8Bytes } from '@countersign/core/ports'
import type { Link, LinkEvents, Signalling, Transport } from '@countersign/core/ports'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { BYE_EVENT, Decoder, Encoder, FRAME_EVENT } from './frame-parser.ts'
import { SocketSignalling } from './signalling.ts'
import { onWake } from './wake.ts'

/** Options of `socketIo`; each has a default. */
export interface SocketIoOptions {
  /** Path of the reviewer's endpoint. Default `/socket.io`. */
  readonly path?: string
  /** Default `['websocket']`, the only one that a reviewer offers by default. */
  readonly transports?: readonly ('websocket' | 'polling')[]
  /** Timeout of a connection attempt in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number
}

/** A transport to a reviewer that also introduces peers to each other. */
export interface SocketIoTransport extends Transport {
  /**
   * Signalling between the peers of the store's space, for `webRtcPeers`: through the reviewer, over
   * the store's own link. Joined while that link has a proved session.
   */
  readonly signalling: Signalling
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * A transport to the reviewer at `url`. Opens nothing before `connect`. Every error, an invalid
 * url included, is reported as `closed(reason)`; nothing throws.
 */
export function socketIo(url: string, options: SocketIoOptions = {}): SocketIoTransport {
  const signalling = new SocketSignalling()
  return {
    connect: (events: LinkEvents): Link => new SocketLink(url, { ...options, signalling }, events),
    onWake,
    signalling,
  }
}

interface LinkOptions extends SocketIoOptions {
  readonly signalling: SocketSignalling
}

class SocketLink implements Link {
  readonly #events: LinkEvents
  readonly #socket: Socket
  readonly #signalling: SocketSignalling
  readonly #giveUp: ReturnType<typeof setTimeout>
  #state: 'opening' | 'open' | 'ended' = 'opening'
  /** Bytes of frames that the engine has not passed to its socket yet. */
  #queuedBytes = 0
  /** The reviewer's reason to close, which Socket.IO does not report. */
  #bye: string | undefined

  constructor(url: string, options: LinkOptions, events: LinkEvents) {
    this.#events = events
    this.#signalling = options.signalling
    const limitMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#giveUp = setTimeout(() => this.#end(`no answer within ${limitMs} ms`), limitMs)
    this.#socket = io(url, {
      path: options.path ?? '/socket.io',
      transports: [...(options.transports ?? ['websocket'])],
      parser: { Encoder, Decoder },
      forceNew: true,
      reconnection: false,
      autoConnect: false,
    })
    // The whole attempt has one timeout, `#giveUp`; the manager's own would only shorten it.
    this.#socket.io.timeout(false)
    this.#listen()
    // Deferred, so that no event precedes the return of the link.
    queueMicrotask(() => this.#start())
  }

  send(text: string): void {
    if (this.#state !== 'open') return
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      queueMicrotask(() => this.#end(`a frame to send exceeds ${FRAME_BYTES_MAX} bytes`))
      return
    }
    this.#queuedBytes += utf8Bytes(text)
    this.#socket.emit(FRAME_EVENT, text)
  }

  get bufferedBytes(): number {
    const { ws } = this.#socket.io.engine.transport as { readonly ws?: Partial<WebSocket> | null }
    return this.#queuedBytes + (ws?.bufferedAmount ?? 0)
  }

  close(): void {
    this.#stop()
  }

  #start(): void {
    if (this.#state !== 'opening') return
    try {
      this.#socket.connect()
    } catch (error) {
      this.#end(messageOf(error))
    }
  }

  #listen(): void {
    this.#socket.on('connect', () => {
      if (this.#state !== 'opening') return
      this.#state = 'open'
      clearTimeout(this.#giveUp)
      const { engine } = this.#socket.io
      engine.on('drain', () => (this.#queuedBytes = 0))
      // Pings of the engine count too: on a slow line they arrive between two large frames.
      engine.on('packet', () => this.#events.alive?.())
      this.#signalling.opened(this.#socket)
      this.#events.open()
    })
    this.#socket.on(FRAME_EVENT, (text: string) => {
      if (this.#state !== 'open') return
      if (isLongerThan(text, FRAME_BYTES_MAX)) {
        this.#end(`a frame received exceeds ${FRAME_BYTES_MAX} bytes`)
      } else {
        this.#events.frame(text)
      }
    })
    this.#socket.on(BYE_EVENT, (reason: string) => {
      this.#bye = reason
    })
    this.#socket.on('connect_error', (error) => this.#end(error.message))
    this.#socket.on('disconnect', (reason) => this.#end(this.#bye ?? reason))
  }

  #end(reason: string): void {
    if (this.#state === 'ended') return
    this.#stop()
    this.#events.closed(reason)
  }

  #stop(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#giveUp)
    this.#signalling.ended(this.#socket)
    this.#socket.disconnect()
    this.#socket.removeAllListeners()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
