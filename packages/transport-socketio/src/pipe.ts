/**
 * One Socket.IO connection, which links share: each has a namespace of its own, `/`, `/1`, `/2`…, whose
 * number is not used again, so that no late frame of an ended link comes to another one. It is opened
 * with the first link and closed with the last one.
 */
import { Manager } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { Decoder, Encoder } from './frame-parser.ts'

export interface PipeOptions {
  readonly path: string
  readonly transports: readonly ('websocket' | 'polling')[]
}

/** Time that a connection without a link may take to open, ms. */
const OPENING_MS = 2_000

export class Pipe {
  readonly #manager: Manager
  /** Links that were added so far. */
  #added = 0
  readonly #links = new Set<Socket>()
  #packetAtMs = -Infinity
  /** Bytes of frames that the engine has not passed to its socket yet. */
  #queuedBytes = 0
  #isOver = false

  /** @throws Error if the url is invalid. */
  constructor(url: string, { path, transports }: PipeOptions) {
    this.#manager = new Manager(url, {
      path,
      transports: [...transports],
      parser: { Encoder, Decoder },
      reconnection: false,
      autoConnect: false,
    })
    // Each link has a timeout for its whole attempt; the manager's own would only shorten it.
    this.#manager.timeout(false)
    const over = (): void => void (this.#isOver = true)
    this.#manager.on('close', over)
    this.#manager.on('error', over)
    this.#manager.on('open', () => {
      const { engine } = this.#manager
      engine.on('drain', () => (this.#queuedBytes = 0))
      engine.on('packet', () => (this.#packetAtMs = performance.now()))
    })
  }

  /** Whether it takes no more links: it was closed, or has failed. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Sent bytes of all its links that are still buffered here. */
  get bufferedBytes(): number {
    const { ws } = this.#manager.engine.transport as { readonly ws?: Partial<WebSocket> | null }
    return this.#queuedBytes + (ws?.bufferedAmount ?? 0)
  }

  /** The socket of a new link, not connected yet. */
  add(): Socket {
    const no = this.#added++
    const socket = this.#manager.socket(no === 0 ? '/' : `/${no}`)
    this.#links.add(socket)
    return socket
  }

  /**
   * Ends a link, and the connection with the last one. No event of it follows. The server may be about to
   * accept it, and knows of its end only by its own packet; and browsers warn of a WebSocket that is
   * closed while it opens, so that waits a little, and another link may use it.
   */
  end(socket: Socket): void {
    this.#links.delete(socket)
    socket.removeAllListeners()
    if (socket.connected) {
      socket.disconnect()
      return
    }
    socket.on('connect', () => socket.disconnect())
    if (this.#links.size > 0) return
    setTimeout(() => {
      if (this.#links.size === 0) this.#manager._close()
    }, OPENING_MS)
  }

  /**
   * Calls `alive` with every packet from now on, pings of the engine too: on a slow line they arrive
   * between two large frames. Called when it is open. Returns a function that ends this.
   */
  onPacket(alive: () => void): () => void {
    const { engine } = this.#manager
    engine.on('packet', alive)
    return () => void engine.off('packet', alive)
  }

  queued(bytes: number): void {
    this.#queuedBytes += bytes
  }

  /** A link was not answered since then: without any packet in that time, all links end. */
  unansweredSince(ms: number): void {
    if (this.#packetAtMs < ms) this.#manager._close()
  }
}
