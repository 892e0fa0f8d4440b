/**
 * Frames over one data channel: one end of a link, the same at both. It paces itself by what the
 * channel has buffered.
 *
 *   open ──bye from either end, connection lost, bounds──▶ ended, once
 *
 * `close` of a data channel may drop what is buffered. So an end sends bye, and closes only when
 * the other end has closed, or after a timeout.
 */
import { FRAME_BYTES_MAX, isLongerThan, utf8Bytes } from '@countersign/core/ports'
import { ACCEPT, type Piece, PieceJoiner, byeOf, piecesOf } from './pieces.ts'

/** Bytes that the channel may buffer; the rest waits here. */
const CHANNEL_BYTES_MAX = 1024 * 1024
/** Below it the channel is given more. */
const CHANNEL_BYTES_LOW = 256 * 1024
/** Maximum bytes that wait here; above it the other end is too slow, and the link ends. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024
/** Time that an end that sent bye waits for the other one to close. */
const CLOSE_MS = 5_000

/** What happens to a link at one end. */
export interface ChannelEvents {
  /** The other end has accepted the link. */
  accepted(): void
  frame(text: string): void
  /** A piece of a frame arrived. */
  alive(): void
  /** The link has ended, not by this end. */
  ended(reason: string): void
}

export class FrameChannel {
  readonly #channel: RTCDataChannel
  readonly #events: ChannelEvents
  readonly #joiner = new PieceJoiner()
  readonly #waiting: Piece[] = []
  #waitingBytes = 0
  #isOver = false
  #closing: ReturnType<typeof setTimeout> | undefined

  constructor(channel: RTCDataChannel, events: ChannelEvents) {
    this.#channel = channel
    this.#events = events
    channel.binaryType = 'arraybuffer'
    channel.bufferedAmountLowThreshold = CHANNEL_BYTES_LOW
    channel.onopen = () => this.#pump()
    channel.onmessage = ({ data }) => this.#heard(data)
    channel.onclose = () => this.lost('the connection is lost')
    channel.addEventListener('bufferedamountlow', () => this.#pump())
  }

  /** Sent bytes that have not left this end. */
  get bufferedBytes(): number {
    return this.#waitingBytes + this.#channel.bufferedAmount
  }

  accept(): void {
    this.#put([ACCEPT])
  }

  send(text: string): void {
    if (this.#isOver) return
    if (isLongerThan(text, FRAME_BYTES_MAX)) {
      queueMicrotask(() => this.#fail(`a frame to send exceeds ${FRAME_BYTES_MAX} bytes`))
      return
    }
    this.#put(piecesOf(text))
    if (this.#waitingBytes > WAITING_BYTES_MAX)
      queueMicrotask(() => this.#fail(`too slow: ${this.#waitingBytes} bytes wait`))
  }

  /** Ends the link: no event follows at this end, and the other one gets the reason. Idempotent. */
  close(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#put([byeOf(reason)])
    this.#closing = setTimeout(() => this.#channel.close(), CLOSE_MS)
  }

  /** Called when the connection under the channel is lost. */
  lost(reason: string): void {
    clearTimeout(this.#closing)
    this.#end(reason)
  }

  #heard(data: unknown): void {
    if (this.#isOver) {
      // Both ends have sent bye.
      if (typeof data === 'string' && data[0] === 'b') this.#channel.close()
      return
    }
    const word = this.#joiner.take(data)
    if (word.kind === 'frame') this.#events.frame(word.text)
    else if (word.kind === 'waiting') this.#events.alive()
    else if (word.kind === 'accept') this.#events.accepted()
    else if (word.kind === 'malformed') this.#fail(word.why)
    else {
      this.#channel.close()
      this.#end(word.reason)
    }
  }

  #put(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      this.#waiting.push(piece)
      this.#waitingBytes += sizeOf(piece)
    }
    this.#pump()
  }

  #pump(): void {
    if (this.#channel.readyState !== 'open') return
    while (this.#waiting.length > 0 && this.#channel.bufferedAmount < CHANNEL_BYTES_MAX) {
      // The length was just checked.
      const piece = this.#waiting.shift()!
      this.#waitingBytes -= sizeOf(piece)
      try {
        // The overloads take one type each.
        this.#channel.send(piece as string)
      } catch {
        // The channel is closing, which `onclose` reports.
        return
      }
    }
  }

  /** Ends the link at both ends. */
  #fail(reason: string): void {
    if (this.#isOver) return
    this.close(reason)
    this.#events.ended(reason)
  }

  #end(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#events.ended(reason)
  }
}

function sizeOf(piece: Piece): number {
  return typeof piece === 'string' ? utf8Bytes(piece) : piece.byteLength
}
