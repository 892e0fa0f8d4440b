/**
 * `socketIo(url)`: the transport between a replica and its reviewer. It turns the events of Socket.IO
 * into those of the port. A store has one link at a time; links that are open at once share one
 * connection (`pipe.ts`).
 *
 *   opening --connect--> open --disconnect, too large a frame--> ended   `closed` once
 *      \--connect_error, time out-------------------------------^
 *
 * It does not parse frames, and disables what core does itself: reconnection (core has its own
 * backoff), retries and recovery (core resumes by position).
 */
import { FRAME_BYTES_MAX, isLongerThan, utf8Bytes } from '@countersign/core/ports'
import type { Link, LinkEvents, Signalling, Transport } from '@countersign/core/ports'
import type { Socket } from 'socket.io-client'
import { Pipe } from './pipe.ts'
import { BYE_EVENT, FRAME_EVENT } from './frame-parser.ts'
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
  /** A transport for another store, with signalling of its own, over the same connection. */
  beside(): SocketIoTransport
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * A transport to the reviewer at `url`. Opens nothing before `connect`. Every error, an invalid
 * url included, is reported as `closed(reason)`; nothing throws.
 */
export function socketIo(url: string, options: SocketIoOptions = {}): SocketIoTransport {
  return transportOver(new Wire(url, options))
}

function transportOver(wire: Wire): SocketIoTransport {
  const signalling = new SocketSignalling()
  return {
    connect: (events: LinkEvents): Link => new SocketLink(wire, signalling, events),
    onWake,
    signalling,
    beside: () => transportOver(wire),
  }
}

/** The connection to one url: opened anew when the last one is over. */
class Wire {
  readonly connectTimeoutMs: number
  readonly #url: string
  readonly #options: SocketIoOptions
  #pipe: Pipe | undefined

  constructor(url: string, options: SocketIoOptions) {
    this.#url = url
    this.#options = options
    this.connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
  }

  /** @throws Error if the url is invalid. */
  pipe(): Pipe {
    if (!this.#pipe || this.#pipe.isOver) {
      const { path = '/socket.io', transports = ['websocket'] } = this.#options
      this.#pipe = new Pipe(this.#url, { path, transports })
    }
    return this.#pipe
  }
}

class SocketLink implements Link {
  readonly #events: LinkEvents
  readonly #wire: Wire
  readonly #signalling: SocketSignalling
  readonly #giveUp: ReturnType<typeof setTimeout>
  readonly #beganMs = performance.now()
  #state: 'opening' | 'open' | 'ended' = 'opening'
  #pipe: Pipe | undefined
  #socket: Socket | undefined
  #unlisten = (): void => {}
  /** The reviewer's reason to close, which Socket.IO does not report. */
  #bye: string | undefined

  constructor(wire: Wire, signalling: SocketSignalling, events: LinkEvents) {
    this.#events = events
    this.#wire = wire
    this.#signalling = signalling
    this.#giveUp = setTimeout(() => this.#unanswered(), wire.connectTimeoutMs)
    // Deferred, so that no event precedes the return of the link.
    queueMicrotask(() => this.#start())
  }

  send(text: string): void {
    if (this.#state !== 'open') return
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      queueMicrotask(() => this.#end(`a frame to send exceeds ${FRAME_BYTES_MAX} bytes`))
      return
    }
    this.#pipe?.queued(utf8Bytes(text))
    this.#socket?.emit(FRAME_EVENT, text)
  }

  get bufferedBytes(): number {
    return this.#state === 'open' ? (this.#pipe?.bufferedBytes ?? 0) : 0
  }

  close(): void {
    this.#stop()
  }

  #start(): void {
    if (this.#state !== 'opening') return
    try {
      this.#pipe = this.#wire.pipe()
      this.#socket = this.#pipe.add()
      this.#listen(this.#pipe, this.#socket)
      this.#socket.connect()
    } catch (error) {
      this.#end(messageOf(error))
    }
  }

  #listen(pipe: Pipe, socket: Socket): void {
    socket.on('connect', () => {
      if (this.#state !== 'opening') return
      this.#state = 'open'
      clearTimeout(this.#giveUp)
      this.#unlisten = pipe.onPacket(() => this.#events.alive?.())
      this.#signalling.opened(socket)
      this.#events.open()
    })
    socket.on(FRAME_EVENT, (text: string) => {
      if (this.#state !== 'open') return
      if (isLongerThan(text, FRAME_BYTES_MAX)) {
        this.#end(`a frame received exceeds ${FRAME_BYTES_MAX} bytes`)
      } else {
        this.#events.frame(text)
      }
    })
    socket.on(BYE_EVENT, (reason: string) => {
      this.#bye = reason
    })
    socket.on('connect_error', (error) => this.#end(error.message))
    socket.on('disconnect', (reason) => this.#end(this.#bye ?? reason))
  }

  #unanswered(): void {
    const pipe = this.#pipe
    this.#end(`no answer within ${this.#wire.connectTimeoutMs} ms`)
    pipe?.unansweredSince(this.#beganMs)
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
    this.#unlisten()
    if (!this.#socket) return
    this.#signalling.ended(this.#socket)
    this.#pipe?.end(this.#socket)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
