/**
 * Frames that are larger than a transport carries, in parts: cut by the sender, joined by the
 * receiver before anything is parsed. The one place that knows of it, for both directions.
 *
 *   part   ["part", series, n, of, text]   series: checksum of the whole text; n from 0
 *
 * A transport may lose, repeat and reorder frames, so parts are kept by series and number. A series
 * of which a part was lost is a lost frame: it is forgotten when newer ones need its place.
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

/** Parts of one series. */
const PARTS_MAX = 4_096
/** Series that are joined at one time: a page, a history and a verdict may be under way together. */
const SERIES_MAX = 4
/** What stands around the text of a part. */
const PART_FRAME_BYTES = 64
const PART_PREFIX = '["part",'

/** The frames that carry this one: itself, or its parts. */
export function cutFrame(text: string, frameBytesMax: number = FRAME_BYTES_MAX): readonly string[] {
  if (!isLongerThan(text, frameBytesMax)) return [text]
  const series = checksum(text)
  const pieces = cutForJson(text, frameBytesMax - PART_FRAME_BYTES)
  return pieces.map((piece, n) => JSON.stringify(['part', series, n, pieces.length, piece]))
}

/** What a text from the link came to: a whole frame, a part of one, or nothing that can be read. */
export type Joined =
  | { readonly kind: 'frame'; readonly text: string }
  /** A part was kept; others of its series are missing. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'malformed'; readonly message: string }

interface Series {
  readonly of: number
  readonly pieces: Map<number, string>
  bytes: Bytes
}

const WAITING: Joined = { kind: 'waiting' }

/** The receiver's end of one link. It keeps at most `joinedBytesMax` bytes. */
export class FrameJoiner {
  readonly #joinedBytesMax: number
  readonly #series = new Map<string, Series>()
  #bytes = NO_BYTES

  constructor(joinedBytesMax: number) {
    this.#joinedBytesMax = joinedBytesMax
  }

  /** Takes what a transport has carried. Never throws. */
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
    // As many pieces as the series has, each of another number.
    for (let n = 0; n < of; n++) text += pieces.get(n)!
    if (checksum(text) !== name) return this.#refuse(name, 'parts that make another frame')
    this.#forget(name)
    return { kind: 'frame', text }
  }

  #refuse(name: string, message: string): Joined {
    this.#forget(name)
    return { kind: 'malformed', message }
  }

  /** Others, the oldest first, until all that is kept is within bounds. */
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

/** A text says what is wrong with it. */
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

/** What an author hears of a link whose frames travel in parts. */
export interface PartedEvents extends LinkEvents {
  /** Something arrived, a whole frame or a part of one. */
  carried(isPart: boolean): void
}

/** A link to a reviewer that cuts what it sends and joins what comes. A part that is wrong ends it. */
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
