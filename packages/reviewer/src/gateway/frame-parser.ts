/**
 * The reviewer's half of the Socket.IO parser of this wire; the client's transport has the other
 * half, and explains why it exists. A frame that begins with a bracket is in its packet as it is, any
 * other text as a JSON string. Compatible with peers that have the standard parser, for frames of one
 * line.
 *
 *   0{auth}          CONNECT up, 0{"sid":…} down
 *   1                DISCONNECT
 *   2["cs",<frame>]  EVENT: a frame
 *   2["join"]        up only: the client takes part in the signalling of its space
 *   2["joined",id]   down only, the answer: its id there
 *   2["peer",id,text] a signal; up to that peer or, with "", to all; down from that peer
 *   2["bye",reason]  down only, before a DISCONNECT
 *   4{…}             CONNECT_ERROR down
 *
 * After the type comes the namespace of a link beside the first one of its connection: `2/1,["cs",…`.
 *
 * Everything from a client is untrusted: for binary data, attachments, acks, other namespaces and
 * events, and a long handshake the parser throws, and Socket.IO closes the connection.
 */

export const FRAME_EVENT: string = 'cs'
export const BYE_EVENT: string = 'bye'
export const JOIN_EVENT: string = 'join'
export const JOINED_EVENT: string = 'joined'
export const SIGNAL_EVENT: string = 'peer'
/** Maximum characters of a CONNECT packet, and so of its auth. */
export const CONNECT_CHARS_MAX: number = 4_096

/** Maximum characters of an event that is no frame. */
const SIGNAL_CHARS_MAX = 65_536

/** A packet of Socket.IO's protocol. */
export interface Packet {
  readonly type: number
  readonly nsp: string
  readonly data?: unknown
}

type Listener = (packet: Packet) => void

const CONNECT = 0
const DISCONNECT = 1
const EVENT = 2
/** The namespace of the first link of a connection. */
const FIRST = '/'
/** The namespaces of the other links. */
export const BESIDE: RegExp = /^\/[1-9]\d{0,5}$/
const BESIDE_CHARS_MAX = 7
const FRAME_PREFIX = `["${FRAME_EVENT}",`
const OPEN_BRACKET = 0x5b
const SLASH = 0x2f

export class Encoder {
  encode(packet: Packet): string[] {
    const data = packet.data === undefined ? '' : JSON.stringify(packet.data)
    return [`${packet.type}${prefixOf(packet.nsp)}${data}`]
  }
}

export class Decoder {
  #listener: Listener | undefined

  /** Parses a packet. Throws on packets that a client must not send. */
  add(chunk: unknown): void {
    if (typeof chunk !== 'string') throw new Error('binary data is not accepted')
    this.#listener?.(packetOf(chunk))
  }

  /** Sets the listener. The only event is `decoded`, its only listener Socket.IO's client. */
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

/** Encodes the packet of a frame. */
export function frameToPacket(text: string, nsp: string = FIRST): string {
  return `${EVENT}${prefixOf(nsp)}${FRAME_PREFIX}${standsAsItIs(text) ? text : JSON.stringify(text)}]`
}

/** The namespace in a packet. */
function prefixOf(nsp: string): string {
  return nsp === FIRST ? '' : `${nsp},`
}

/** Whether a text needs no quoting: every frame begins with a bracket, and the packet ends with its own. */
function standsAsItIs(text: string): boolean {
  return text.charCodeAt(0) === OPEN_BRACKET
}

function packetOf(chunk: string): Packet {
  const type = chunk.charCodeAt(0) - 48
  const { nsp, data } = namespaceIn(chunk.slice(1))
  if (type === EVENT) return { type, nsp, data: eventOf(data) }
  if (type === DISCONNECT && data === '') return { type, nsp }
  if (type === CONNECT) return { type, nsp, data: authOf(data) }
  throw new Error('a packet of unknown type')
}

function namespaceIn(text: string): { readonly nsp: string; readonly data: string } {
  if (text.charCodeAt(0) !== SLASH) return { nsp: FIRST, data: text }
  const length = text.slice(0, BESIDE_CHARS_MAX + 1).indexOf(',')
  const nsp = text.slice(0, Math.max(0, length))
  if (!BESIDE.test(nsp)) throw new Error('a packet of an unknown namespace')
  return { nsp, data: text.slice(length + 1) }
}

function authOf(text: string): object {
  if (text.length >= CONNECT_CHARS_MAX) throw new Error('the handshake is too long')
  const auth: unknown = text === '' ? {} : JSON.parse(text)
  if (typeof auth !== 'object' || auth === null) throw new Error('auth is not an object')
  return auth
}

function eventOf(text: string): readonly string[] {
  if (text.startsWith(FRAME_PREFIX)) return [FRAME_EVENT, frameOf(text)]
  if (text.length > SIGNAL_CHARS_MAX) throw new Error('the event is too long')
  const data: unknown = JSON.parse(text)
  if (!Array.isArray(data) || !data.every((each) => typeof each === 'string'))
    throw new Error('the event is not a list of strings')
  const [name] = data
  const isKnown =
    (name === JOIN_EVENT && data.length === 1) || (name === SIGNAL_EVENT && data.length === 3)
  if (!isKnown) throw new Error('an event of unknown form')
  return data
}

function frameOf(text: string): string {
  if (!text.endsWith(']')) throw new Error('the packet has no end')
  const payload = text.slice(FRAME_PREFIX.length, -1)
  if (standsAsItIs(payload)) return payload
  const frame: unknown = JSON.parse(payload)
  if (typeof frame !== 'string') throw new Error('the frame is not a string')
  return frame
}
