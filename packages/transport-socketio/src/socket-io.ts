/**
 * `socketIo(url)`: the transport between a replica and its reviewer. It owns one Socket.IO
 * connection per link and turns its events into those of the port.
 *
 *   opening --connect--> open --disconnect, too large a frame--> ended   `closed` once
 *      \--connect_error, time out-------------------------------^
 *
 * It knows nothing of frames, and leaves to the core what Socket.IO could do worse: coming back
 * (the core has its own backoff), sending again and recovery (the core resumes by position).
 */
import { FRAME_BYTES_MAX, isLongerThan, utf8Bytes } from '@countersign/core/ports'
import type { Link, LinkEvents, Transport } from '@countersign/core/ports'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { BYE_EVENT, Decoder, Encoder, FRAME_EVENT } from './frame-parser.ts'
import { onWake } from './wake.ts'

/** What the reviewer's auth hook receives, at most 4 KiB as JSON. */
export type Auth = Readonly<Record<string, unknown>>

/** What `socketIo` takes beside the address; all of it has a default. */
export interface SocketIoOptions {
  /** Sent with the handshake; a function is asked anew for each connection. */
  readonly auth?: Auth | (() => Auth | Promise<Auth>)
  /** Path of the reviewer's endpoint. Default `/socket.io`. */
  readonly path?: string
  /** Default `['websocket']`, which is all that a reviewer offers unless told otherwise. */
  readonly transports?: readonly ('websocket' | 'polling')[]
  /** Milliseconds until an attempt is given up, auth included. Default 10,000. */
  readonly connectTimeoutMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000

/**
 * A transport to the reviewer at `url`. Nothing is opened before `connect`. Whatever goes
 * wrong, a bad url included, arrives as `closed(reason)`; nothing throws.
 */
export function socketIo(url: string, options: SocketIoOptions = {}): Transport {
  return {
    connect: (events: LinkEvents): Link => new SocketLink(url, options, events),
    onWake,
  }
}

class SocketLink implements Link {
  readonly #events: LinkEvents
  readonly #socket: Socket
  readonly #giveUp: ReturnType<typeof setTimeout>
  #state: 'opening' | 'open' | 'ended' = 'opening'
  /** Of frames that the engine has not handed to its socket yet. */
  #queuedBytes = 0
  /** Why the reviewer closes, which Socket.IO itself cannot say. */
  #bye: string | undefined

  constructor(url: string, options: SocketIoOptions, events: LinkEvents) {
    this.#events = events
    const limitMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    this.#giveUp = setTimeout(() => this.#end(`no answer within ${limitMs} ms`), limitMs)
    this.#socket = io(url, {
      path: options.path ?? '/socket.io',
      transports: [...(options.transports ?? ['websocket'])],
      parser: { Encoder, Decoder },
      forceNew: true,
      reconnection: false,
      autoConnect: false,
      auth: (answer) => void this.#authenticate(options.auth, answer),
    })
    // The whole attempt has one limit, `#giveUp`, which the manager's own would only cut short.
    this.#socket.io.timeout(false)
    this.#listen()
    // Later, so that no event can come before the holder has the link.
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
      // A ping of the engine, too: on a slow line it comes between two large frames.
      engine.on('packet', () => this.#events.alive?.())
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

  async #authenticate(
    auth: SocketIoOptions['auth'],
    answer: (auth: Record<string, unknown>) => void,
  ): Promise<void> {
    try {
      const value = typeof auth === 'function' ? await auth() : auth
      if (this.#state === 'opening') answer({ ...value })
    } catch (error) {
      this.#end(`auth failed: ${messageOf(error)}`)
    }
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
    this.#socket.disconnect()
    this.#socket.removeAllListeners()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
