/** Bounds of the texts of a reviewer. */
import { FACT_BOUNDS, type FactBounds } from '../facts/bounds.ts'
import { LIMITS } from '../message/limits.ts'

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

export const BATCH_BOUNDS: BatchBounds = {
  ...FACT_BOUNDS,
  batchMessagesMax: LIMITS.batchMessagesMax,
  batchBytesMax: LIMITS.reviewerFrameBytesMax,
  reviewBytesMax: 1_048_576,
  basesBytesMax: 65_536,
  baseValueBytesMax: 256,
  otherPlacesMax: 64,
}
