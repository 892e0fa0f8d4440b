/** Counts the UTF-8 bytes of own flushes that the next checkpoint deletes. */
import { type Bytes, NO_BYTES, addBytes } from '../../base/size.ts'

export class OwnBytes {
  #bytes = NO_BYTES

  get bytes(): Bytes {
    return this.#bytes
  }

  add(bytes: Bytes): void {
    this.#bytes = addBytes(this.#bytes, bytes)
  }

  /** Resets the count, and returns what it was. */
  take(): Bytes {
    const bytes = this.#bytes
    this.#bytes = NO_BYTES
    return bytes
  }
}
