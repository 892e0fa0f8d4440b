/**
 * The part of the Socket.IO packet format that this wire needs, as a Socket.IO parser.
 *
 *   0{…}             CONNECT, with auth going up and a session id coming down
 *   1                DISCONNECT
 *   2["cs",<frame>]  EVENT; a frame that begins with a bracket stands there as it is, any other
 *                    text as a JSON string
 *   4{…}             CONNECT_ERROR
 *
 * Why not the standard parser: it would quote the frame once more (7 to 15 % more bytes, and a pass
 * of stringify and parse at each end). A peer with the standard parser is understood, since what it
 * quotes is parsed. It understands frames of one line, which are JSON; a frame with texts after its
 * first line is none, and such a peer closes the link. Binary packets, acks and namespaces have no
 * place here and are refused. The reviewer holds the other half; neither imports the other.
 */

export const FRAME_EVENT: string = 'cs'
export const BYE_EVENT: string = 'bye'

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
const CONNECT_ERROR = 4
const FRAME_PREFIX = `${EVENT}["${FRAME_EVENT}",`
const OPEN_BRACKET = 0x5b

export class Encoder {
  encode(packet: Packet): string[] {
    if (packet.type === EVENT) {
      const [name, text] = packet.data as readonly unknown[]
      if (name === FRAME_EVENT && typeof text === 'string') return [frameToPacket(text)]
    }
    return [`${packet.type}${packet.data === undefined ? '' : JSON.stringify(packet.data)}`]
  }
}

/** Throws on what is not of this wire; Socket.IO closes the connection then. */
export class Decoder {
  #listener: Listener | undefined

  add(chunk: unknown): void {
    if (typeof chunk !== 'string') throw new Error('binary data has no place on this wire')
    this.#listener?.(packetOf(chunk))
  }

  /** The one event is `decoded`, its one listener Socket.IO's manager. */
  on(_event: string, listener: Listener): void {
    this.#listener = listener
  }

  off(): void {
    this.#listener = undefined
  }

  destroy(): void {
    this.#listener = undefined
  }
}

/** The packet that carries a frame: most stand in it as they are, others as a JSON string. */
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
  if (type === EVENT) return { type, nsp, data: eventOf(chunk) }
  if (type === DISCONNECT) return { type, nsp }
  if (type !== CONNECT && type !== CONNECT_ERROR) throw new Error('a packet of unknown type')
  const data: unknown = JSON.parse(chunk.slice(1))
  if (typeof data !== 'object' || data === null) throw new Error('a packet without its data')
  return { type, nsp, data }
}

function eventOf(chunk: string): readonly [name: string, text: string] {
  if (chunk.startsWith(FRAME_PREFIX) && chunk.endsWith(']')) {
    const text = chunk.slice(FRAME_PREFIX.length, -1)
    if (standsAsItIs(text)) return [FRAME_EVENT, text]
  }
  const data: unknown = JSON.parse(chunk.slice(1))
  if (!Array.isArray(data) || data.length !== 2) throw new Error('an event of unknown form')
  const [name, text] = data as readonly unknown[]
  if ((name !== FRAME_EVENT && name !== BYE_EVENT) || typeof text !== 'string') {
    throw new Error('an event of unknown name or payload')
  }
  return [name, text]
}
