/** Receipts of writes: the id, state and verdict of a message, computed on access. */
import { assert } from '../../base/assert.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Entry } from '../../history/entry.ts'
import { reviewedOrderKey } from '../../history/order.ts'
import type { RefusedMessages } from '../outbox/refused.ts'
import type { MessageState } from '../../facts/message.ts'
import type { Receipt, Verdict } from '../store.ts'

/** Resolves with the verdict on an entry. */
export type VerdictOn = (entry: Entry) => Promise<Verdict>

export class EntryReceipt implements Receipt {
  readonly id: Uuid
  readonly #entry: Entry
  readonly #settled: VerdictOn

  constructor(entry: Entry, id: Uuid, settled: VerdictOn) {
    this.id = id
    this.#entry = entry
    this.#settled = settled
  }

  get messageId(): Uuid {
    return this.#entry.id
  }

  get state(): MessageState {
    return this.#entry.state
  }

  settled(): Promise<Verdict> {
    return this.#settled(this.#entry)
  }
}

/** The verdict on a settled entry. */
export function verdictOf({ review, rejection }: Entry, refused: RefusedMessages): Verdict {
  if (rejection) {
    const { reason, detail, standing } = rejection
    assert(reason !== 'damaged', 'a damaged message is of an earlier session, and has no receipt')
    return { verdict: 'rejected', reason, detail, standing: refused.standing(standing) }
  }
  assert(review, 'a settled message has a verdict')
  return {
    verdict: 'accepted',
    forked: review.forked,
    orderKey: reviewedOrderKey(review, 0),
    reviewerId: review.reviewerId,
  }
}
