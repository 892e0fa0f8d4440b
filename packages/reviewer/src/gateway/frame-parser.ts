/**
 * The reviewer's half of the Socket.IO parser of this wire; the client's transport holds the
 * other, and says why there is one. A frame that begins with a bracket stands in its packet as it
 * is, any other text as a JSON string. A peer with the standard parser is understood, and
 * understands frames of one line.
 *
 *   0{auth}          CONNECT up, 0{"sid":…} down
 *   1                DISCONNECT
 *   2["cs",<frame>]  EVENT; the only one that may come up
 *   2["bye",reason]  goes down only, before a DISCONNECT
 *   4{…}             CONNECT_ERROR down
 *
 * Everything from a client is untrusted: binary data, attachments, acks, namespaces, other
 * events and a long handshake are refused by throwing, upon which Socket.IO closes the
 * connection.
 */

export const FRAME_EVENT: string = 'cs'
export const BYE_EVENT: string = 'bye'
/** Characters of a CONNECT packet, and so of its auth, at the most. */
export const CONNECT_CHARS_MAX: number = 4_096

/** The packets of Socket.IO's protocol, by the digit that opens them. */
export interface Packet {
  readonly type: number
  readonly nsp: string
  readonly data?: unknown
}

type Listener = (packet: Packet) => void

const CONNECT = 0
const DISCONNECT = 1
const EVENT = 2
const FRAME_PREFIX = `${EVENT}["${FRAME_EVENT}",`
const OPEN_BRACKET = 0x5b

export class Encoder {
  encode(packet: Packet): string[] {
    return [`${packet.type}${packet.data === undefined ? '' : JSON.stringify(packet.data)}`]
  }
}

export class Decoder {
  #listener: Listener | undefined

  /** Throws on what a client has no business to send. */
  add(chunk: unknown): void {
    if (typeof chunk !== 'string') throw new Error('binary data has no place on this wire')
    this.#listener?.(packetOf(chunk))
  }

  /** The one event is `decoded`, its one listener Socket.IO's client. */
  on(_event: string, listener: Listener): void {
    this.#listener = listener
  }

  removeListener(): void {
    this.#listener = undefined
  }

  destroy(): void {
    this.#listener = undefined
  }
}

/** The packet of a frame, as the engine sends it. */
export function frameToPacket(text: string): string {
  return `${FRAME_PREFIX}${standsAsItIs(text) ? text : JSON.stringify(text)}]`
}

/** Every frame begins so. How it ends does not matter: the packet's own bracket is the last character. */
function standsAsItIs(text: string): boolean {
  return text.charCodeAt(0) === OPEN_BRACKET
}

function packetOf(chunk: string): Packet {
  const type = chunk.charCodeAt(0) - 48
  const nsp = '/'
  if (type === EVENT) return { type, nsp, data: [FRAME_EVENT, frameOf(chunk)] }
  if (type === DISCONNECT && chunk.length === 1) return { type, nsp }
  if (type === CONNECT) return { type, nsp, data: authOf(chunk) }
  throw new Error('a packet of unknown type')
}

function authOf(chunk: string): object {
  if (chunk.length > CONNECT_CHARS_MAX) throw new Error('too long a handshake')
  const auth: unknown = chunk.length === 1 ? {} : JSON.parse(chunk.slice(1))
  if (typeof auth !== 'object' || auth === null) throw new Error('auth is no object')
  return auth
}

function frameOf(chunk: string): string {
  if (!chunk.startsWith(FRAME_PREFIX) || !chunk.endsWith(']')) throw new Error('no frame')
  const payload = chunk.slice(FRAME_PREFIX.length, -1)
  if (standsAsItIs(payload)) return payload
  const text: unknown = JSON.parse(payload)
  if (typeof text !== 'string') throw new Error('a frame that is no text')
  return text
}
