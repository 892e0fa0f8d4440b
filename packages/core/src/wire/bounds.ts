/** Bounds of the texts of a reviewer. */
import { type FactBounds, factBounds, larger } from '../facts/bounds.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'

/** Bounds of a batch, checked by both ends on the text as sent. */
export interface BatchBounds extends FactBounds {
  /** Messages that take a seq in one batch. */
  readonly batchMessagesMax: number
  /** UTF-8 bytes of a batch. */
  readonly batchBytesMax: number
  /** UTF-8 bytes of a review line with the values of its bases. */
  readonly reviewBytesMax: number
  /** UTF-8 bytes of the values of bases of one review, as lines. */
  readonly basesBytesMax: number
  /** UTF-8 bytes of one value of a base, as canonical JSON. */
  readonly baseValueBytesMax: number
  /** Other lineages in which one message has a seq. */
  readonly otherPlacesMax: number
}

/** The bounds of texts under a deployment's limits. */
export function batchBounds(limits: Limits): BatchBounds {
  return {
    ...factBounds(limits),
    batchMessagesMax: limits.batchMessagesMax,
    batchBytesMax: limits.reviewerFrameBytesMax,
    reviewBytesMax: 1_048_576,
    basesBytesMax: 65_536,
    baseValueBytesMax: 1_024,
    otherPlacesMax: 64,
  }
}

/** The bounds of a batch under the protocol's `LIMITS`. */
export const BATCH_BOUNDS: BatchBounds = batchBounds(LIMITS)

/** What an erasure leaves of a stored batch may be longer than it was. It is sent to nobody. */
const ERASED_TIMES = 16

/** The bounds in which a reviewer reads its own log. */
export function storedReadingBounds(limits: Limits): BatchBounds {
  const bounds = batchReadingBounds(limits)
  return { ...bounds, batchBytesMax: bounds.batchBytesMax * ERASED_TIMES }
}

/** Bounds for batches that a reviewer has checked: a store may have other limits. */
export function batchReadingBounds(limits: Limits): BatchBounds {
  return larger(batchBounds(limits), BATCH_BOUNDS)
}
