/**
 * How much one link is given to carry at a time, by how fast its peer reads: about two seconds'
 * worth, so that verdicts, pings and what is live never wait behind megabytes.
 */
import type { Bytes } from '../base/size.ts'
import type { Limits } from '../facts/limits.ts'
import { frameContentBytesMax } from '../facts/limits.ts'

/** What may wait in the slowest link, and the frames that it is sent. */
const WINDOW_BYTES_MIN = 65_536
const FRAME_BYTES_MIN = 32_768
const WINDOW_MS = 2_000
const FRAME_MS = 1_000
/** A live link in which more than the least window has waited for this long reads too slowly. */
const BEHIND_MS = 4_000

export class Pace {
  readonly #limits: Limits
  /** Since the link began. */
  #sentBytes = 0
  #readBytes = 0
  #measuredAtMs: number
  #bytesPerMs = 0
  /** Sent by the end of the last long answer. */
  #answeredBytes = 0
  /** When no more than the least window was last seen waiting. */
  #clearAtMs: number

  constructor(limits: Limits, nowMs: number) {
    this.#limits = limits
    this.#measuredAtMs = this.#clearAtMs = nowMs
  }

  sent(bytes: Bytes): void {
    this.#sentBytes += bytes
  }

  /** The last frame of a long answer has been sent. */
  answered(): void {
    this.#answeredBytes = this.#sentBytes
  }

  /** Whether the peer has not read the last long answer yet: what it asks for again is on its way. */
  isAnswering(waitingBytes: number): boolean {
    // A link may count more bytes as waiting than it was given: its own framing.
    return this.#answeredBytes > 0 && this.#sentBytes - waitingBytes < this.#answeredBytes
  }

  /** Whether more may be sent of a long answer. `waitingBytes` is what the peer has not read. */
  hasRoom(waitingBytes: number, nowMs: number): boolean {
    this.#measure(waitingBytes, nowMs)
    const windowBytes = Math.max(WINDOW_BYTES_MIN, this.#bytesPerMs * WINDOW_MS)
    return waitingBytes <= Math.min(windowBytes, this.#limits.linkBufferedBytesMax)
  }

  /** Whether a live link is to be served from the store, at its own pace. */
  isBehind(waitingBytes: number, nowMs: number): boolean {
    const { linkBufferedBytesMax } = this.#limits
    if (waitingBytes <= Math.min(WINDOW_BYTES_MIN, linkBufferedBytesMax)) this.#clearAtMs = nowMs
    return waitingBytes > linkBufferedBytesMax || nowMs - this.#clearAtMs > BEHIND_MS
  }

  /** Bytes of batches or of a page in the next frame. Without a way to measure: all that one may hold. */
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
