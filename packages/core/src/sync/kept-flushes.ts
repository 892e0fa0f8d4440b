/**
 * Own flushes with all their verdicts, kept while a reviewer may still lose them: on a lineage that
 * lacks them, their messages are pending again. Bounded by bytes and by age.
 */
import { NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
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
  /** By key, oldest first. */
  readonly #kept = new Map<string, Noted>()
  #bytes = NO_BYTES

  constructor(limits: Limits) {
    this.#limits = limits
  }

  /**
   * Adds the messages to a flush that is kept already: its other messages were accepted on an
   * earlier lineage.
   */
  add(flush: Flush, accepted: Iterable<number>): void {
    const at = flush.entries[0]?.timestamp ?? 0
    const known = this.#kept.get(flush.key)
    if (!known) this.#bytes = addBytes(this.#bytes, utf8Bytes(flush.text))
    this.#kept.set(flush.key, {
      flush,
      accepted: new Set([...(known?.accepted ?? []), ...accepted]),
      at,
    })
    const { journalBytesMax, journalMs } = this.#limits
    for (const [key, oldest] of this.#kept) {
      if (this.#bytes <= journalBytesMax && oldest.at >= at - journalMs) break
      this.#kept.delete(key)
      this.#bytes = bytesOf(this.#bytes - utf8Bytes(oldest.flush.text))
    }
  }

  /** Forgets those that change these entities: they have values that were erased. */
  forget(isErased: (entityId: Uuid) => boolean): void {
    for (const [key, { flush }] of this.#kept)
      if (flush.entries.some(({ writes }) => writes.some(({ entityId }) => isErased(entityId)))) {
        this.#kept.delete(key)
        this.#bytes = bytesOf(this.#bytes - utf8Bytes(flush.text))
      }
  }

  /** Removes and returns all of them, oldest first. */
  take(): readonly KeptFlush[] {
    const kept = [...this.#kept.values()]
    this.#kept.clear()
    this.#bytes = NO_BYTES
    return kept
  }
}
