/** Bounds of the texts of a reviewer. */
import { type FactBounds, factBounds, larger } from '../facts/bounds.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'

/** Bounds that a batch is checked against, on both ends, on the text that is sent. */
export interface BatchBounds extends FactBounds {
  /** Messages that take a seq in one batch. */
  readonly batchMessagesMax: number
  /** UTF-8 bytes of a batch. */
  readonly batchBytesMax: number
  /** UTF-8 bytes of a review line with its values of bases. */
  readonly reviewBytesMax: number
  /** UTF-8 bytes of the values of bases of one review, as lines. */
  readonly basesBytesMax: number
  /** UTF-8 bytes of one value of a base, as canonical JSON. */
  readonly baseValueBytesMax: number
  /** Other lineages on which one message has a place. */
  readonly otherPlacesMax: number
}

/** The bounds of texts that a deployment's limits set. */
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

/** The bounds of a batch by the protocol's `LIMITS`. */
export const BATCH_BOUNDS: BatchBounds = batchBounds(LIMITS)

/** Of batches that a reviewer has bounded: a store may be configured otherwise. */
export function batchReadingBounds(limits: Limits): BatchBounds {
  return larger(batchBounds(limits), BATCH_BOUNDS)
}
