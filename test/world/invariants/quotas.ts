/** The invariant of flooding: no more messages of a person are accepted than the quota allows. */
import type { Limits } from '@countersign/core/testing'
import { FLOODER, FLUSH_MESSAGES } from '../flood.ts'
import type { CommittedBatch, Truth } from '../truth.ts'
import { must } from '../violation.ts'

type Quota = Pick<Limits, 'personMessagesPerSecond' | 'personMessagesBurst'>

export class FloodQuota {
  readonly #truth: Truth
  readonly #quota: Quota
  #accepted = 0

  constructor(truth: Truth, quota: Quota) {
    this.#truth = truth
    this.#quota = quota
  }

  /** Each process that has been started counts for itself, from nothing. */
  committed(
    batches: readonly CommittedBatch[],
    { nowMs, reviewers }: { readonly nowMs: number; readonly reviewers: number },
  ): void {
    for (const { session } of batches.flatMap(({ messages }) => messages))
      if (this.#truth.deviceOf.get(session.facts.sessionId) === FLOODER) this.#accepted++
    const { personMessagesPerSecond, personMessagesBurst } = this.#quota
    // The last flush may overdraw.
    const atOnce = personMessagesBurst + FLUSH_MESSAGES
    const most = reviewers * (atOnce + (personMessagesPerSecond * nowMs) / 1_000)
    must(
      this.#accepted <= most,
      'S17',
      () => `${this.#accepted} messages of a person are accepted, of ${Math.floor(most)} at most`,
    )
  }
}
