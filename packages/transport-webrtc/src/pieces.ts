/**
 * A frame as messages of a data channel. Browsers agree on messages of 16 KiB, so a larger frame is
 * cut into pieces. A channel is ordered and loses nothing, so pieces need no numbers.
 *
 *   text    "f" frame   a whole frame
 *           "a"         the link is accepted: the first message of the end that serves
 *           "b" reason  bye: the last message; its receiver closes the channel
 *   binary  0 bytes     a piece of a frame, in UTF-8
 *           1 bytes     the last one
 *
 * No message is empty: an implementation of WebRTC was seen to stop at one.
 */
import { FRAME_BYTES_MAX, isLongerThan } from '@countersign/core/ports'

/** Maximum bytes of one message. */
const MESSAGE_BYTES_MAX = 16_384
const PIECE_BYTES = MESSAGE_BYTES_MAX - 1
const MORE = 0
const LAST = 1

/** A message of a data channel. */
export type Piece = string | Uint8Array<ArrayBuffer>

/** What a message means to its receiver. */
export type Word =
  | { readonly kind: 'accept' }
  | { readonly kind: 'frame'; readonly text: string }
  | { readonly kind: 'bye'; readonly reason: string }
  /** A piece was kept; others of its frame are missing. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'malformed'; readonly why: string }

export const ACCEPT: Piece = 'a'

/** The message that ends a link. */
export function byeOf(reason: string): Piece {
  return `b${reason}`
}

/** Cuts a frame. Throws for none: a frame is at most `FRAME_BYTES_MAX` bytes, which its sender has checked. */
export function piecesOf(text: string): readonly Piece[] {
  if (!isLongerThan(text, PIECE_BYTES)) return [`f${text}`]
  const bytes = new TextEncoder().encode(text)
  const pieces: Piece[] = []
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, bytes.byteLength)
    const piece = new Uint8Array(end - at + 1)
    piece[0] = end === bytes.byteLength ? LAST : MORE
    piece.set(bytes.subarray(at, end), 1)
    pieces.push(piece)
  }
  return pieces
}

/** Joins the pieces that one end of a channel receives. Keeps at most one frame. */
export class PieceJoiner {
  #pieces: Uint8Array[] = []
  #bytes = 0

  /** Processes one untrusted message. Never throws. */
  take(data: unknown): Word {
    if (typeof data === 'string') return this.#text(data)
    if (data instanceof ArrayBuffer) return this.#piece(new Uint8Array(data))
    if (data instanceof Uint8Array) return this.#piece(data)
    return malformed('a message that is neither text nor bytes')
  }

  #text(data: string): Word {
    const [kind, text] = [data[0], data.slice(1)]
    if (kind === 'a') return { kind: 'accept' }
    if (kind === 'b') return { kind: 'bye', reason: text.slice(0, 256) || 'no reason' }
    if (kind !== 'f') return malformed('a message of unknown kind')
    if (this.#bytes > 0) return malformed('a frame amid the pieces of another')
    return isLongerThan(text, FRAME_BYTES_MAX) ? tooLarge() : { kind: 'frame', text }
  }

  #piece(data: Uint8Array): Word {
    const [mark] = data
    if ((mark !== MORE && mark !== LAST) || data.byteLength < 2) return malformed('an empty piece')
    this.#pieces.push(data.subarray(1))
    this.#bytes += data.byteLength - 1
    if (this.#bytes > FRAME_BYTES_MAX) return tooLarge()
    if (mark === MORE) return { kind: 'waiting' }
    const whole = new Uint8Array(this.#bytes)
    let at = 0
    for (const piece of this.#pieces.splice(0)) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    this.#bytes = 0
    try {
      // A byte order mark is a character of the frame.
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(whole)
      return { kind: 'frame', text }
    } catch {
      return malformed('a frame that is not UTF-8')
    }
  }
}

function malformed(why: string): Word {
  return { kind: 'malformed', why }
}

function tooLarge(): Word {
  return malformed(`a frame received exceeds ${FRAME_BYTES_MAX} bytes`)
}
