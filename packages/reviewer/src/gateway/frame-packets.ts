/**
 * Encodes frames for the engine, once for many clients: the reviewer sends one text to all readers
 * in a row, so a cache of the last one is enough.
 */
import { type Bytes, utf8Bytes } from '@countersign/core/ports'
import type { Socket } from 'socket.io'
import { frameToPacket } from './frame-parser.ts'

type Connection = Socket['conn']
type SendOptions = Parameters<Connection['write']>[1]

/** For shorter texts, encoding again is faster than comparing. */
const SHARED_CHARS_MIN = 256

export class FramePackets {
  #measured = ''
  #bytes = utf8Bytes('')
  #text = ''
  #packet = ''
  #frame: readonly Buffer[] | undefined

  /** The size of a frame, cached for the last text. */
  bytesOf(text: string): Bytes {
    if (text !== this.#measured) {
      this.#measured = text
      this.#bytes = utf8Bytes(text)
    }
    return this.#bytes
  }

  /** `nsp`: that of the link; most are the first of their connection, and share the packet. */
  write(connection: Connection, text: string, nsp: string): void {
    if (text.length < SHARED_CHARS_MIN || nsp !== '/') {
      connection.write(frameToPacket(text, nsp), {})
      return
    }
    if (text !== this.#text) {
      this.#text = text
      this.#packet = frameToPacket(text)
      this.#frame = undefined
      connection.write(this.#packet, {})
      return
    }
    this.#frame ??= websocketFrame(`4${this.#packet}`)
    // The engine's own adapters pass this option; an engine without it encodes the packet again.
    const options: SendOptions & object = { wsPreEncodedFrame: this.#frame } as object
    connection.write(this.#packet, options)
  }
}

/** A final, unmasked text frame of RFC 6455, as head and payload. */
function websocketFrame(message: string): readonly Buffer[] {
  const payload = Buffer.from(message)
  const { length } = payload
  if (length < 126) return [Buffer.from([0x81, length]), payload]
  if (length < 65_536) return [Buffer.from([0x81, 126, length >> 8, length & 255]), payload]
  const head = Buffer.alloc(10)
  head[0] = 0x81
  head[1] = 127
  head.writeBigUInt64BE(BigInt(length), 2)
  return [head, payload]
}
