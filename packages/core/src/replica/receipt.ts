/** What a write hands back: its message, as far as it has come. Costs nothing until it is asked. */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../log/entry.ts'
import { reviewedOrderKey } from '../log/order.ts'
import type { MessageState, Receipt, Verdict } from './store.ts'

/** Resolves when the entry has a final verdict. */
export type Settled = (entry: Entry) => Promise<void>

export class EntryReceipt implements Receipt {
  readonly id: Uuid
  readonly #entry: Entry
  readonly #settled: Settled

  constructor(entry: Entry, id: Uuid, settled: Settled) {
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

  async settled(): Promise<Verdict> {
    await this.#settled(this.#entry)
    const { review, rejection } = this.#entry
    if (rejection)
      return { verdict: 'rejected', reason: rejection.reason, detail: rejection.detail }
    assert(review, 'a settled message has a verdict')
    return {
      verdict: 'accepted',
      forked: review.forked,
      orderKey: reviewedOrderKey(review, 0),
      reviewerId: review.reviewerId,
    }
  }
}
