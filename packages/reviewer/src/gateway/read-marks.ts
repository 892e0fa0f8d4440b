/**
 * How much of what was sent the client has read. The socket alone cannot say: what has left the
 * process still waits in the buffers of both systems and of every proxy between them, megabytes
 * of it. So after some bytes the engine sends a ping, and its pong, which every engine answers in
 * order, means that the client has read everything before it. The same pings keep the client's
 * heartbeat going while a slow line is busy.
 */
import type { Socket } from 'socket.io'

/** Bytes between two marks. */
const MARK_BYTES = 32_768

/** The engine calls these private, and documents their events. */
interface Engine {
  sendPacket(type: 'ping'): void
  on(event: 'packetCreate' | 'packet', listener: (packet: { readonly type: string }) => void): void
}

export class ReadMarks {
  readonly #engine: Engine
  #sentBytes = 0
  #readBytes = 0
  #markedBytes = 0
  /** Bytes sent before each ping that has no pong, the engine's own pings included. */
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

  /** Bytes up to the last mark that the client has not read. */
  get unreadBytes(): number {
    return this.#marks.length === 0 ? 0 : this.#sentBytes - this.#readBytes
  }

  sent(bytes: number): void {
    this.#sentBytes += bytes
    if (this.#sentBytes - this.#markedBytes >= MARK_BYTES) this.#engine.sendPacket('ping')
  }
}
