/**
 * Canonical order of writes. Reviewed writes go by epoch, seq and place in their message;
 * what has no review yet comes after all of them, by arrival at this replica.
 */
import type { Review } from '../message/message.ts'
import type { Write } from './entry.ts'

export function compareOrder(a: Write, b: Write): number {
  const left = a.entry.review
  const right = b.entry.review
  if (left && right) return left.epoch - right.epoch || left.seq - right.seq || a.index - b.index
  if (left) return -1
  if (right) return 1
  return a.entry.arrival - b.entry.arrival || a.index - b.index
}

/** `hex6(epoch).hex11(seq).hex3(index)`, or `~hex11(arrival).hex3(index)` while pending. */
export function orderKeyOf(write: Write): string {
  const { review, arrival } = write.entry
  return review
    ? reviewedOrderKey(review, write.index)
    : `~${hex(arrival, 11)}.${hex(write.index, 3)}`
}

/** The order key of the change at that place of a reviewed message. */
export function reviewedOrderKey({ epoch, seq }: Review, index: number): string {
  return `${hex(epoch, 6)}.${hex(seq, 11)}.${hex(index, 3)}`
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
