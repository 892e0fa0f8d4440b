/**
 * What the links of one connection share: its buffer, how much of it the client has read, and the end
 * of the connection with the last link.
 */
import type { Bytes } from '@countersign/core/ports'
import type { Socket } from 'socket.io'
import { BYE_EVENT } from './frame-parser.ts'
import { ReadMarks } from './read-marks.ts'

type Connection = Socket['conn']

const pipes = new WeakMap<Connection, Pipe>()

export class Pipe {
  readonly #connection: Connection
  readonly #marks: ReadMarks
  /** Bytes in the engine's buffer. */
  #queuedBytes = 0
  /** The namespaces of its links. */
  readonly #links = new Set<string>()

  /** The one of that socket's connection. */
  static of({ conn }: Socket): Pipe {
    const pipe = pipes.get(conn) ?? new Pipe(conn)
    pipes.set(conn, pipe)
    return pipe
  }

  private constructor(connection: Connection) {
    this.#connection = connection
    this.#marks = new ReadMarks(connection)
    connection.on('drain', () => {
      this.#queuedBytes = 0
    })
  }

  /**
   * Whether the socket gets a link. A socket beyond the bound gets a `bye` and is disconnected. A second
   * one of the same namespace, which Socket.IO would keep beside the first, ends the connection.
   */
  takes(socket: Socket, linksMax: number): boolean {
    const { name } = socket.nsp
    if (this.#links.has(name)) socket.disconnect(true)
    else if (this.#links.size >= linksMax) {
      socket.emit(BYE_EVENT, 'too many links on this connection')
      socket.disconnect()
    } else {
      this.#links.add(name)
      socket.once('disconnect', () => this.#left(name))
      return true
    }
    return false
  }

  /** Buffered bytes in this process. */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#connection.request.socket.writableLength
  }

  /** Sent bytes that the client has not read, as far as pings show. */
  get unreadBytes(): number {
    return this.#marks.unreadBytes
  }

  /** Called before a write, which may drain the buffer synchronously. */
  queued(bytes: Bytes): void {
    this.#queuedBytes += bytes
  }

  sent(bytes: Bytes): void {
    this.#marks.sent(bytes)
  }

  /** Without a link nothing is left for the client to ask on this connection. */
  #left(name: string): void {
    this.#links.delete(name)
    if (this.#links.size === 0) this.#connection.close()
  }
}
