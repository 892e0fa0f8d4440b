/** Rejections that a store makes itself. No reviewer signed them, so their signature is empty. */
import type { Uuid } from '../../base/uuid.ts'
import { type FinalReason, type Rejection, WIRE_VERSION } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'

/** The reviewer that the store followed, and the reason for the rejection. */
export interface OwnRejection {
  readonly space: Uuid
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly reason: FinalReason
  readonly detail: string
  /** Milliseconds since 1970. */
  readonly at: number
}

/** The rejection of an entry of the outbox. */
export function ownRejection(
  entry: Entry,
  { space, reviewerId, eid, epoch, reason, detail, at }: OwnRejection,
): Rejection {
  return {
    ...{ v: WIRE_VERSION, space, eid, epoch, reviewerId, reason, detail, at },
    msgId: entry.id,
    hash: entry.hash,
    sig: '',
  }
}
