/**
 * The verdict of a write at one moment: its review, or that it has none yet. An entry gets its
 * review later; a row keeps this value instead of the entry.
 */
import type { Write } from '../history/entry.ts'
import { orderKeyAt } from '../history/order.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ProvisionalReview, Review } from '../facts/message.ts'
import type { RowState } from '../schema/types.ts'

/** `volatile`: pending, and in memory only; `unverified`: a review whose signature is not checked yet. */
export type WriteVerdict = Review | ProvisionalReview | 'pending' | 'volatile' | 'unverified'

/** The current verdict of a write. */
export function verdictOf(
  write: Write,
  { volatile }: { readonly volatile: (write: Write) => boolean },
): WriteVerdict {
  const { review, state, provisional } = write.entry
  if (review) return review
  if (state === 'unverified') return state
  if (provisional) return provisional
  return volatile(write) ? 'volatile' : 'pending'
}

/** The review in a verdict, if it is one. */
export function reviewOf(verdict: WriteVerdict): Review | null {
  return typeof verdict === 'string' || isProvisional(verdict) ? null : verdict
}

function isProvisional(verdict: Review | ProvisionalReview): verdict is ProvisionalReview {
  return 'isProvisional' in verdict
}

/** The `$state` of that verdict. */
export function stateOf(verdict: WriteVerdict): RowState {
  if (typeof verdict === 'string') return verdict
  return isProvisional(verdict) ? 'provisional' : 'canonical'
}

/** The `$reviewer` of that verdict. */
export function reviewerOf(verdict: WriteVerdict): Uuid | null {
  return typeof verdict === 'string' ? null : verdict.reviewerId
}

/** The order key of the write under that verdict. */
export function orderKeyWith(write: Write, verdict: WriteVerdict): string {
  return orderKeyAt(write, reviewOf(verdict))
}
