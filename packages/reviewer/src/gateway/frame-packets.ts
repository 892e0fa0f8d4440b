/**
 * Frames as the engine sends them, encoded once however many clients receive them: the reviewer
 * sends one text to all readers in a row, so remembering the last one is enough.
 */
import { type Bytes, utf8Bytes } from '@countersign/core/ports'
import type { Socket } from 'socket.io'
import { frameToPacket } from './frame-parser.ts'

type Connection = Socket['conn']
type SendOptions = Parameters<Connection['write']>[1]

/** Texts shorter than this are encoded again faster than they are recognised. */
const SHARED_CHARS_MIN = 256

export class FramePackets {
  #measured = ''
  #bytes = utf8Bytes('')
  #text = ''
  #packet = ''
  #frame: readonly Buffer[] | undefined

  /** The size of a frame; one that goes to many is measured once. */
  bytesOf(text: string): Bytes {
    if (text !== this.#measured) {
      this.#measured = text
      this.#bytes = utf8Bytes(text)
    }
    return this.#bytes
  }

  write(connection: Connection, text: string): void {
    if (text.length < SHARED_CHARS_MIN) {
      connection.write(frameToPacket(text), {})
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
    // The engine's own adapters pass this option; an engine without it encodes the packet anew.
    const options: SendOptions & object = { wsPreEncodedFrame: this.#frame } as object
    connection.write(this.#packet, options)
  }
}

/** A final, unmasked text frame of RFC 6455, as its head and its payload. */
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
