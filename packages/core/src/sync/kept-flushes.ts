/**
 * Own flushes with all their verdicts, for as long as a reviewer may lose them: on a lineage that has
 * not got them, their messages are pending again. Bounded by bytes and by age.
 */
import { NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Limits } from '../facts/limits.ts'
import type { Flush } from './own-flush.ts'

export interface KeptFlush {
  readonly flush: Flush
  /** Numbers of its messages that were accepted. */
  readonly accepted: ReadonlySet<number>
}

interface Noted extends KeptFlush {
  /** The author's time of its first message, ms since 1970. */
  readonly at: number
}

export class KeptFlushes {
  readonly #limits: Limits
  #kept: Noted[] = []
  #bytes = NO_BYTES

  constructor(limits: Limits) {
    this.#limits = limits
  }

  add(flush: Flush, accepted: readonly number[]): void {
    const at = flush.entries[0]?.timestamp ?? 0
    this.#kept.push({ flush, accepted: new Set(accepted), at })
    this.#bytes = addBytes(this.#bytes, utf8Bytes(flush.text))
    const { journalBytesMax, journalMs } = this.#limits
    while (this.#kept.length > 0) {
      const oldest = this.#kept[0]!
      if (this.#bytes <= journalBytesMax && oldest.at >= at - journalMs) break
      this.#kept.shift()
      this.#bytes = bytesOf(this.#bytes - utf8Bytes(oldest.flush.text))
    }
  }

  /** All of them, oldest first; they are kept no more. */
  take(): readonly KeptFlush[] {
    const kept = this.#kept
    this.#kept = []
    this.#bytes = NO_BYTES
    return kept
  }
}
