/** A flood is measured here: one person writes faster than any quota of a person allows. */
import type { StartOptions } from '@countersign/reviewer'

const NO_BOUND = 1e12

export const messageLimits: NonNullable<StartOptions['messageLimits']> = {
  personMessagesPerSecond: NO_BOUND,
  personMessagesBurst: NO_BOUND,
  personBytesPerSecond: NO_BOUND,
  personBytesBurst: NO_BOUND,
  personReadBytesPerSecond: NO_BOUND,
  personReadBytesBurst: NO_BOUND,
}
