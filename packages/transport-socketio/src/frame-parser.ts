/**
 * The part of the Socket.IO packet format that this wire needs, as a Socket.IO parser.
 *
 *   0{…}             CONNECT, with auth going up and a session id coming down
 *   1                DISCONNECT
 *   2["cs",<frame>]  EVENT; a frame that begins with a bracket is written as it is, any other
 *                    text as a JSON string
 *   2["peer",id,text] and 2["join"] up, 2["joined",id] down: signals, see `signalling.ts`
 *   2["bye",reason]  down, before a DISCONNECT
 *   4{…}             CONNECT_ERROR
 *
 * After the type comes the namespace of a link beside the first one of its connection: `2/1,["cs",…`.
 *
 * Why not the standard parser: it would quote the frame again (7 to 15 % more bytes, and a pass of
 * stringify and parse at each end). Packets of a peer with the standard parser are accepted, since
 * quoted frames are parsed. Such a peer can parse frames of one line, which are JSON; it closes the
 * link for a frame with texts after its first line. Binary packets and acks are
 * rejected. The reviewer has the other half; neither imports the other.
 */

export const FRAME_EVENT: string = 'cs'
export const BYE_EVENT: string = 'bye'
export const JOIN_EVENT: string = 'join'
export const JOINED_EVENT: string = 'joined'
export const SIGNAL_EVENT: string = 'peer'

/** A packet of Socket.IO's protocol; its type is the first digit. */
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
/** How many strings follow the name of an event, of those that come down. */
const STRINGS_OF: Readonly<Record<string, number>> = {
  [FRAME_EVENT]: 1,
  [BYE_EVENT]: 1,
  [JOINED_EVENT]: 1,
  [SIGNAL_EVENT]: 2,
}
/** The namespace of the first link of a connection. */
const FIRST = '/'
/** Those of the others, with the comma that ends them. */
const OTHER = /^\/[1-9]\d{0,5},/
const FRAME_PREFIX = `["${FRAME_EVENT}",`
const OPEN_BRACKET = 0x5b
const SLASH = 0x2f

export class Encoder {
  encode(packet: Packet): string[] {
    if (packet.type === EVENT) {
      const [name, text] = packet.data as readonly unknown[]
      if (name === FRAME_EVENT && typeof text === 'string') return [frameToPacket(text, packet.nsp)]
    }
    const data = packet.data === undefined ? '' : JSON.stringify(packet.data)
    return [`${packet.type}${prefixOf(packet.nsp)}${data}`]
  }
}

/** Throws on unsupported packets; Socket.IO then closes the connection. */
export class Decoder {
  #listener: Listener | undefined

  add(chunk: unknown): void {
    if (typeof chunk !== 'string') throw new Error('binary data is not supported')
    this.#listener?.(packetOf(chunk))
  }

  /** The only event is `decoded`; its only listener is Socket.IO's manager. */
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

/** Encodes a frame as a packet: as it is if it begins with a bracket, else as a JSON string. */
export function frameToPacket(text: string, nsp: string = FIRST): string {
  return `${EVENT}${prefixOf(nsp)}${FRAME_PREFIX}${standsAsItIs(text) ? text : JSON.stringify(text)}]`
}

/** The namespace in a packet. */
function prefixOf(nsp: string): string {
  return nsp === FIRST ? '' : `${nsp},`
}

/**
 * Every frame begins with one. Its end does not matter: the packet's own bracket is the last
 * character.
 */
function standsAsItIs(text: string): boolean {
  return text.charCodeAt(0) === OPEN_BRACKET
}

function packetOf(chunk: string): Packet {
  const type = chunk.charCodeAt(0) - 48
  const { nsp, data: text } = namespaceIn(chunk.slice(1))
  if (type === EVENT) return { type, nsp, data: eventOf(text) }
  if (type === DISCONNECT) return { type, nsp }
  if (type !== CONNECT && type !== CONNECT_ERROR) throw new Error('a packet of unknown type')
  const data: unknown = JSON.parse(text)
  if (typeof data !== 'object' || data === null) throw new Error('a packet without its data')
  return { type, nsp, data }
}

function namespaceIn(text: string): { readonly nsp: string; readonly data: string } {
  if (text.charCodeAt(0) !== SLASH) return { nsp: FIRST, data: text }
  const [prefix] = OTHER.exec(text) ?? []
  if (prefix === undefined) throw new Error('a packet of an unknown namespace')
  return { nsp: prefix.slice(0, -1), data: text.slice(prefix.length) }
}

function eventOf(text: string): readonly string[] {
  if (text.startsWith(FRAME_PREFIX) && text.endsWith(']')) {
    const frame = text.slice(FRAME_PREFIX.length, -1)
    if (standsAsItIs(frame)) return [FRAME_EVENT, frame]
  }
  const data: unknown = JSON.parse(text)
  if (!Array.isArray(data) || !data.every((each) => typeof each === 'string'))
    throw new Error('an event of unknown form')
  const [name = ''] = data
  if (!Object.hasOwn(STRINGS_OF, name) || data.length !== 1 + STRINGS_OF[name]!)
    throw new Error('an event of unknown name or payload')
  return data
}
