/**
 * Measures how many sent bytes the client has read. The socket does not know: sent bytes may still be
 * in the buffers of both systems and of every proxy, megabytes of them. So the engine sends a ping
 * after some bytes; since pongs come in order, a pong means that the client has read everything
 * before its ping. The pings also keep the client's heartbeat going on a slow line.
 */
import type { Socket } from 'socket.io'

/** Bytes between two marks. */
const MARK_BYTES = 32_768

/** Methods that the engine declares private, with documented events. */
interface Engine {
  sendPacket(type: 'ping'): void
  on(event: 'packetCreate' | 'packet', listener: (packet: { readonly type: string }) => void): void
}

export class ReadMarks {
  readonly #engine: Engine
  #sentBytes = 0
  #readBytes = 0
  #markedBytes = 0
  /** Bytes sent before each unanswered ping, the engine's own pings included. */
  readonly #marks: number[] = []

  constructor(connection: Socket['conn']) {
    this.#engine = connection as unknown as Engine
    this.#engine.on('packetCreate', ({ type }) => {
      if (type !== 'ping') return
      this.#marks.push(this.#sentBytes)
      this.#markedBytes = this.#sentBytes
    })
    this.#engine.on('packet', ({ type }) => {
      if (type === 'pong') this.#readBytes = this.#marks.shift() ?? this.#readBytes
    })
  }

  /** Sent bytes that the client has not read, as far as pings show. */
  get unreadBytes(): number {
    return this.#marks.length === 0 ? 0 : this.#sentBytes - this.#readBytes
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
    if (this.#sentBytes - this.#markedBytes >= MARK_BYTES) this.#engine.sendPacket('ping')
  }
}
