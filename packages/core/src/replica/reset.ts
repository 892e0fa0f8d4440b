/**
 * Which messages of the outbox outlive a change of reviewer: those that stand on nothing the old
 * one had. The others get a verdict of this store's own, so that the app can deal with them.
 */
import type { Entry } from '../log/entry.ts'
import { type Position, type Rejection, WIRE_VERSION } from '../message/message.ts'

export interface ResetContext {
  readonly space: string
  readonly reviewerId: string
  readonly position: Position
  /** Milliseconds since 1970. */
  readonly now: number
}

/** A verdict on each of `entries`, in their order. No reviewer signed it, so its signature is empty. */
export function strandedBy(entries: readonly Entry[], context: ResetContext): Rejection[] {
  const { space, reviewerId, position, now } = context
  return entries.map((entry) => ({
    v: WIRE_VERSION,
    space,
    eid: position.eid,
    epoch: position.epoch,
    reviewerId,
    msgId: entry.id,
    hash: entry.hash,
    reason: 'parent_compacted',
    detail: 'it changes a row of the reviewer that this store followed before its reset',
    at: now,
    sig: '',
  }))
}

/** Whether a message changes what was canonical. */
export function standsOnCanonical(entry: Entry): boolean {
  // What could not be shown has lost its parents already.
  return (
    entry.writes.length === 0 ||
    entry.writes.some(({ parents }) => parents.some((parent) => parent.entry.review !== null))
  )
}
