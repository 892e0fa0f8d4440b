/** Emits the events of a reviewer, and counts its verdicts and nacks. */
import type { NackReason } from '../facts/message.ts'
import type { ReviewerEvent } from './api.ts'
import type { Connection } from './connection.ts'
import type { Offer } from '../review/decide.ts'
import { nackOffer } from './verdicts.ts'

export class Events {
  readonly #onEvent: ((event: ReviewerEvent) => void) | undefined
  accepted = 0
  rejected = 0
  nacked = 0
  /** The store is closed: errors of reads that were running are not reported. */
  isOver = false

  constructor(onEvent: ((event: ReviewerEvent) => void) | undefined) {
    this.#onEvent = onEvent
  }

  readonly emit = (event: ReviewerEvent): void => this.#onEvent?.(event)

  readonly storeFailed = (error: unknown): void => {
    if (this.isOver) return
    this.emit({
      type: 'store_failed',
      error: error instanceof Error ? error.message : String(error),
    })
  }

  readonly noteNacked = (reason: NackReason, messages: number): void => {
    this.nacked += messages
    this.emit({ type: 'nacked', reason, messages })
  }

  /** Nacks all messages of an offer. */
  nackAll(
    offer: Omit<Offer<Connection>, 'record' | 'person'>,
    reason: NackReason,
    detail: string,
  ): void {
    this.noteNacked(reason, offer.flush.messages.length)
    nackOffer(offer, reason, detail)
  }
}
