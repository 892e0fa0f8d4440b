// Owns: frames (SPEC 19.1 and 19.2): reading and composing them, their parts, and Socket.IO, which
// carries them.

import { EventEmitter } from 'node:events'
import { io } from 'socket.io-client'
import { checksum } from './encode.ts'
import { type Json, count, counts, demand, list, parse, text } from './refusal.ts'

export interface LinkEvents {
  open(): void
  frame(content: string): void
  closed(why: string): void
}
export interface Link {
  send(content: string): void
  close(): void
}
export type Dial = (events: LinkEvents) => Link

export interface Frame {
  kind: string
  fields: Json[]
  texts: string[]
}

const CARRIED_BYTES_MAX = 262_144
const PART_OVERHEAD_BYTES = 100
const PARTS_MAX = 4_096
const SERIES_MAX = 4

/** What a reviewer sends, and how many fields each has. */
const FIELDS: { [kind: string]: number } = {
  welcome: 7,
  bound: 4,
  me: 2,
  tail: 2,
  accepted: 3,
  rejected: 1,
  nack: 6,
  page: 1,
  kept: 2,
  settled: 4,
  through: 6,
  history: 7,
  seal: 4,
  bye: 2,
}

/** FRM1, FRM2. */
export function composeFrame(kind: string, fields: Json[], texts: readonly string[] = []): string {
  const last = fields.findLastIndex((field) => field !== null)
  return [JSON.stringify([kind, ...fields.slice(0, last + 1)]), ...texts].join('\n')
}

export function readFrame(content: string): Frame {
  const [first = '', ...texts] = content.split('\n')
  const [word, ...fields] = list(parse(first, 'FRM1'), 'FRM1')
  const kind = text(word, 'FRM1')
  const most = FIELDS[kind]
  demand(most !== undefined && fields.length <= most, 'FRM2', 'an unknown kind, or too long')
  return { kind, fields, texts }
}

/** FRM6: lists of line counts use up the texts exactly. */
export function cutTexts(texts: readonly string[], lineCounts: Json | undefined): string[] {
  let next = 0
  const pieces = counts(lineCounts, 'FRM6').map((lines) => {
    demand(lines > 0, 'FRM6', 'a text of no lines')
    return texts.slice(next, (next += lines)).join('\n')
  })
  demand(next === texts.length, 'FRM6', 'other lines than were counted')
  return pieces
}

/** PART1: the texts that carry a frame. */
export function cutFrame(content: string): string[] {
  if (Buffer.byteLength(content) <= CARRIED_BYTES_MAX) return [content]
  // A unit has at most 3 bytes: lines are JSON, so all that JSON escapes in them has 1, and then 2.
  const units = Math.floor((CARRIED_BYTES_MAX - PART_OVERHEAD_BYTES) / 3)
  const pieces: string[] = []
  for (let at = 0; at < content.length;) {
    const end = at + units
    const cutsPair = /[\uD800-\uDBFF]/.test(content.charAt(end - 1))
    pieces.push(content.slice(at, cutsPair ? end - 1 : end))
    at += pieces.at(-1)!.length
  }
  const series = checksum(content)
  return pieces.map((piece, n) => JSON.stringify(['part', series, n, pieces.length, piece]))
}

/** PART2, PART3: puts parts together again. */
export class Parts {
  readonly #series = new Map<string, (string | undefined)[]>()

  /** The whole frame, as soon as it is here. */
  take(content: string): string | undefined {
    if (!content.startsWith('["part",')) return content
    const [, name, number, total, piece] = list(parse(content, 'PART3'), 'PART3', 5)
    const [series, n, of] = [text(name, 'PART3'), count(number, 'PART3'), count(total, 'PART3')]
    demand(of >= 2 && of <= PARTS_MAX && n < of, 'PART3', 'not such a part')
    const pieces = this.#series.get(series) ?? Array.from<string | undefined>({ length: of })
    demand(pieces.length === of, 'PART2', 'parts of two lengths in one series')
    pieces[n] = text(piece, 'PART3')
    this.#series.set(series, pieces)
    if (pieces.includes(undefined)) {
      if (this.#series.size > SERIES_MAX) this.#series.delete([...this.#series.keys()][0]!)
      return undefined
    }
    this.#series.delete(series)
    const whole = pieces.join('')
    demand(checksum(whole) === series, 'PART2', 'parts that make another text')
    return whole
  }
}

interface Packet {
  type: number
  nsp: string
  data?: unknown
}

const EVENT = 2
const EVENT_BEGIN = '2["cs",'

/** LNK1: the packet of a frame is not always JSON, which is why the usual parser cannot read it. */
class Encoder {
  encode({ type, data }: Packet): string[] {
    return [`${type}${data === undefined ? '' : JSON.stringify(data)}`]
  }
}

class Decoder extends EventEmitter {
  add(packet: string): void {
    const type = Number(packet[0])
    const body = packet.slice(1)
    if (type === EVENT && packet.startsWith(EVENT_BEGIN)) {
      const frame = packet.slice(EVENT_BEGIN.length, -1)
      const content = frame.startsWith('"') ? (JSON.parse(frame) as string) : frame
      this.emit('decoded', { type, nsp: '/', data: ['cs', content] })
    } else {
      this.emit('decoded', { type, nsp: '/', data: body === '' ? undefined : JSON.parse(body) })
    }
  }

  destroy(): void {
    this.removeAllListeners()
  }
}

/** A link over Socket.IO to that address. */
export function socketIo(url: string): Dial {
  return (events) => {
    const socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
      parser: { Encoder, Decoder },
    })
    socket.on('connect', () => events.open())
    socket.on('cs', (content: string) => events.frame(content))
    // LNK1: an event of its own, beside the frame of that name.
    socket.on('bye', (why: string) => events.frame(JSON.stringify(['bye', why])))
    socket.on('disconnect', (why) => events.closed(why))
    socket.on('connect_error', (error) => events.closed(error.message))
    return {
      send: (content) => void socket.emit('cs', content),
      close: () => void socket.disconnect(),
    }
  }
}
