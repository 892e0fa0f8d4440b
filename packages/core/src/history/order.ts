/**
 * Canonical order of writes. Reviewed writes are ordered by epoch, seq and index in their message;
 * writes without a review follow, by arrival at this replica.
 */
import type { Review } from '../facts/message.ts'
import type { Write } from './entry.ts'

/** Comparator for `sort`, in canonical order; 0 only for the same write. */
export function compareOrder(a: Write, b: Write): number {
  return compareReviews(a.entry.review, b.entry.review) || compareWithin(a, b, a.entry.review)
}

/** Reviewed sorts before unreviewed. 0: the same message, or two without a review. */
export function compareReviews(left: Review | null, right: Review | null): number {
  if (left && right) return left.epoch - right.epoch || left.seq - right.seq
  if (left) return -1
  return right ? 1 : 0
}

/** Compares two writes with equal reviews: of one message, or both without a review. */
export function compareWithin(a: Write, b: Write, review: Review | null): number {
  return (review ? 0 : a.entry.arrival - b.entry.arrival) || a.index - b.index
}

/** `hex6(epoch).hex11(seq).hex3(index)`, or `~hex11(arrival).hex3(index)` while pending. */
export function orderKeyOf(write: Write): string {
  return orderKeyAt(write, write.entry.review)
}

/** The order key under a given review. */
export function orderKeyAt({ entry, index }: Write, review: Review | null): string {
  return review ? reviewedOrderKey(review, index) : `~${hex(entry.arrival, 11)}.${hex(index, 3)}`
}

/** The order key of the change at an index of a reviewed message. */
export function reviewedOrderKey(
  { epoch, seq }: Pick<Review, 'epoch' | 'seq'>,
  index: number,
): string {
  return `${hex(epoch, 6)}.${hex(seq, 11)}.${hex(index, 3)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
