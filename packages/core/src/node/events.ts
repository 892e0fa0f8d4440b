/** What a reviewer tells whoever runs it: events as they happen, and how many of each verdict. */
import type { NackReason } from '../facts/message.ts'
import type { ReviewerEvent } from './api.ts'
import type { Connection } from './connection.ts'
import type { Offer } from '../review/decide.ts'
import { nackOffer } from './tell.ts'

export class Events {
  readonly #onEvent: ((event: ReviewerEvent) => void) | undefined
  accepted = 0
  rejected = 0
  nacked = 0
  /** The store is closed: what was under way fails, and that is no news. */
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

  /** Answers all messages of an offer without a verdict. */
  nackAll(offer: Omit<Offer<Connection>, 'record'>, reason: NackReason, detail: string): void {
    this.noteNacked(reason, offer.flush.messages.length)
    nackOffer(offer, reason, detail)
  }
}
