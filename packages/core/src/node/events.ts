/** Emits the events of a reviewer, and counts its verdicts and nacks. */
import { without } from '../base/redact.ts'
import type { NackReason } from '../facts/message.ts'
import type { ReviewerEvent } from './api.ts'
import type { Connection } from './connection.ts'
import type { Offer, UnjudgedMessage } from '../review/decision.ts'
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
    offer: Omit<Offer<Connection>, 'record' | 'person' | 'may'>,
    reason: NackReason,
    detail: string,
  ): void {
    this.noteNacked(reason, offer.flush.messages.length)
    nackOffer(offer, reason, detail)
  }
}

/** A failed rule, for the operator: without the personal id, which an error text may contain. */
export function ruleFailed({ failure, message, person }: UnjudgedMessage): ReviewerEvent {
  const { rule, cause } = failure
  const types = new Set(message.changes.map(({ shape }) => shape.type))
  const error = without([person.id], failure.message)
  const { stack: whole } = cause instanceof Error ? cause : {}
  const stack = whole && without([person.id], whole)
  const { authorId } = message.session.facts
  return { type: 'rule_failed', rule, error, stack, msgId: message.id, authorId, types: [...types] }
}
