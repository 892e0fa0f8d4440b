/**
 * Frames that exceed the bound of a transport, in parts: split by the sender, joined by the
 * receiver before parsing. The one place that knows parts, for both directions.
 *
 *   part   ["part", series, n, of, text]   series: checksum of the whole text; n from 0
 *
 * A transport may lose, repeat and reorder frames, so parts are stored by series and number. A
 * series with a lost part is a lost frame: it is discarded when newer ones need its place.
 */
import { checksum } from '../base/checksum.ts'
import {
  type Bytes,
  NO_BYTES,
  addBytes,
  bytesOf,
  cutForJson,
  isLongerThan,
  utf8Bytes,
} from '../base/size.ts'
import { isCount } from '../facts/parse.ts'
import { FRAME_BYTES_MAX, type Link, type LinkEvents, type Transport } from '../ports/transport.ts'
import type { Limits } from '../facts/limits.ts'

/** Maximum parts of one series. */
const PARTS_MAX = 4_096
/** Series joined at a time: a page, a history and a verdict may arrive interleaved. */
const SERIES_MAX = 4
/** Bytes around the text of a part. */
const PART_FRAME_BYTES = 64
const PART_PREFIX = '["part",'

/** Splits a frame: the frame itself, or its parts. */
export function cutFrame(text: string, frameBytesMax: number = FRAME_BYTES_MAX): readonly string[] {
  if (!isLongerThan(text, frameBytesMax)) return [text]
  const series = checksum(text)
  const pieces = cutForJson(text, frameBytesMax - PART_FRAME_BYTES)
  return pieces.map((piece, n) => JSON.stringify(['part', series, n, pieces.length, piece]))
}

/** The result of a received text: a whole frame, a part of one, or malformed. */
export type Joined =
  | { readonly kind: 'frame'; readonly text: string }
  /** A part was stored; other parts of its series are missing. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'malformed'; readonly message: string }

interface Series {
  readonly of: number
  readonly pieces: Map<number, string>
  bytes: Bytes
}

const WAITING: Joined = { kind: 'waiting' }

/** The receiver's end of one link. Stores at most `joinedBytesMax` bytes. */
export class FrameJoiner {
  readonly #joinedBytesMax: number
  readonly #series = new Map<string, Series>()
  #bytes = NO_BYTES

  constructor(joinedBytesMax: number) {
    this.#joinedBytesMax = joinedBytesMax
  }

  /** Processes one received text. Never throws. */
  take(text: string): Joined {
    if (!text.startsWith(PART_PREFIX)) return { kind: 'frame', text }
    const part = readPart(text)
    if (typeof part === 'string') return { kind: 'malformed', message: part }
    const { name, n, of, piece } = part
    const series = this.#series.get(name) ?? { of, pieces: new Map(), bytes: NO_BYTES }
    if (series.of !== of) return this.#refuse(name, 'parts that differ in their number')
    if (series.pieces.has(n)) return WAITING
    const size = utf8Bytes(piece)
    if (series.bytes + size > this.#joinedBytesMax)
      return this.#refuse(name, `parts of more than ${this.#joinedBytesMax} bytes together`)
    this.#series.set(name, series)
    series.pieces.set(n, piece)
    series.bytes = addBytes(series.bytes, size)
    this.#bytes = addBytes(this.#bytes, size)
    this.#forgetOldest(name)
    return series.pieces.size === of ? this.#join(name, series) : WAITING
  }

  #join(name: string, { of, pieces }: Series): Joined {
    let text = ''
    // There are as many pieces as the series has, each with another number.
    for (let n = 0; n < of; n++) text += pieces.get(n)!
    if (checksum(text) !== name) return this.#refuse(name, 'parts that do not match their checksum')
    this.#forget(name)
    return { kind: 'frame', text }
  }

  #refuse(name: string, message: string): Joined {
    this.#forget(name)
    return { kind: 'malformed', message }
  }

  /** Discards other series, the oldest first, until the stored ones are within bounds. */
  #forgetOldest(newest: string): void {
    for (const name of this.#series.keys()) {
      if (this.#series.size <= SERIES_MAX && this.#bytes <= this.#joinedBytesMax) return
      if (name !== newest) this.#forget(name)
    }
  }

  #forget(name: string): void {
    this.#bytes = bytesOf(this.#bytes - (this.#series.get(name)?.bytes ?? 0))
    this.#series.delete(name)
  }
}

interface Part {
  readonly name: string
  readonly n: number
  readonly of: number
  readonly piece: string
}

/** Parses a part; returns the fault as a string. */
function readPart(text: string): Part | string {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return 'a part that is not JSON'
  }
  const [, name, n, of, piece] = frame as readonly unknown[]
  if (!isCount(of, PARTS_MAX) || of < 2) return `a part of none or of more than ${PARTS_MAX}`
  if (!isCount(n, of - 1)) return 'a part without its number'
  if (typeof name !== 'string' || name.length > 16 || typeof piece !== 'string' || piece === '')
    return 'a part without series or text'
  return { name, n, of, piece }
}

/** Events of a link whose frames are sent in parts. */
export interface PartedEvents extends LinkEvents {
  /** A whole frame or a part of one arrived. */
  carried(isPart: boolean): void
}

/**
 * A link to a reviewer that splits sent frames and joins received ones. A malformed part closes it.
 */
export function connectInParts(
  transport: Transport,
  events: PartedEvents,
  { frameBytesMax, reviewerFrameBytesMax }: Limits,
): Link {
  const joiner = new FrameJoiner(reviewerFrameBytesMax)
  const link = transport.connect({
    open: () => events.open(),
    alive: () => events.alive?.(),
    frame: (carried) => {
      const joined = joiner.take(carried)
      events.carried(joined.kind === 'waiting')
      if (joined.kind === 'frame') events.frame(joined.text)
      else if (joined.kind === 'malformed') events.closed(`the reviewer sent ${joined.message}`)
    },
    closed: (reason) => events.closed(reason),
  })
  return {
    send: (text) => {
      for (const frame of cutFrame(text, frameBytesMax)) link.send(frame)
    },
    get bufferedBytes() {
      return link.bufferedBytes ?? 0
    },
    close: () => link.close(),
  }
}
