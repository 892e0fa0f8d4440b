/**
 * Limits the unread bytes of a link by the speed at which its peer reads: about two seconds' worth, so
 * that verdicts, pings and live batches never queue behind megabytes.
 */
import type { Bytes } from '../base/size.ts'
import type { Limits } from '../facts/limits.ts'
import { frameContentBytesMax } from '../facts/limits.ts'

/** Unread bytes, and size of a frame, that every link may have, however slow. */
const WINDOW_BYTES_MIN = 65_536
const FRAME_BYTES_MIN = 32_768
const WINDOW_MS = 2_000
const FRAME_MS = 1_000
/** A live link reads too slowly after this time with more than `WINDOW_BYTES_MIN` unread. */
const BEHIND_MS = 4_000

export class Pace {
  readonly #limits: Limits
  /** Since the link was opened. */
  #sentBytes = 0
  #readBytes = 0
  #measuredAtMs: number
  #bytesPerMs = 0
  /** `#sentBytes` at the end of the last long answer. */
  #answeredBytes = 0
  /** The last time with at most `WINDOW_BYTES_MIN` unread. */
  #clearAtMs: number

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits
    this.#measuredAtMs = this.#clearAtMs = nowMs
  }

  sent(bytes: Bytes): void {
    this.#sentBytes += bytes
  }

  /** Called after the last frame of a long answer. */
  answered(): void {
    this.#answeredBytes = this.#sentBytes
  }

  /** Whether the peer has not read all of the last long answer yet. */
  isAnswering(waitingBytes: number): boolean {
    // A link may report more unread bytes than were sent, because of its own framing.
    return this.#answeredBytes > 0 && this.#sentBytes - waitingBytes < this.#answeredBytes
  }

  /** Whether more of a long answer may be sent. `waitingBytes`: bytes that the peer has not read. */
  hasRoom(waitingBytes: number, nowMs: number): boolean {
    this.#measure(waitingBytes, nowMs)
    const windowBytes = Math.max(WINDOW_BYTES_MIN, this.#bytesPerMs * WINDOW_MS)
    return waitingBytes <= Math.min(windowBytes, this.#limits.linkBufferedBytesMax)
  }

  /** Whether a live link reads too slowly, and must catch up from the store. */
  isBehind(waitingBytes: number, nowMs: number): boolean {
    const { linkBufferedBytesMax } = this.#limits
    if (waitingBytes <= Math.min(WINDOW_BYTES_MIN, linkBufferedBytesMax)) this.#clearAtMs = nowMs
    return waitingBytes > linkBufferedBytesMax || nowMs - this.#clearAtMs > BEHIND_MS
  }

  /**
   * Maximum size of the content of the next frame. If the link does not report unread bytes: that
   * of any frame.
   */
  frameBytes(waitingBytes: number | undefined): number {
    const most = frameContentBytesMax(this.#limits)
    if (waitingBytes === undefined) return most
    return Math.min(most, Math.max(FRAME_BYTES_MIN, this.#bytesPerMs * FRAME_MS))
  }

  #measure(waitingBytes: number, nowMs: number): void {
    const readBytes = this.#sentBytes - waitingBytes
    if (readBytes <= this.#readBytes) return
    const elapsedMs = Math.max(1, nowMs - this.#measuredAtMs)
    this.#bytesPerMs = (readBytes - this.#readBytes) / elapsedMs
    this.#readBytes = readBytes
    this.#measuredAtMs = nowMs
  }
}
