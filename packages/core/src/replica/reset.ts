/**
 * Which messages of the outbox outlive a change of reviewer: those that stand on nothing the old
 * one had. The others get a verdict of this store's own, so that the app can deal with them.
 */
import type { Entry } from '../history/entry.ts'
import type { Refusals } from './refusals.ts'
import type { ResetOptions } from './store.ts'
import { type Position, type Rejection, WIRE_VERSION } from '../message/message.ts'

export interface ResetContext {
  readonly space: string
  readonly reviewerId: string
  readonly position: Position
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Refuses what does not outlive the change: all of it, or with `keepOutbox` what stands on what the
 * old reviewer had. Returns the ids.
 */
export function strand(
  open: readonly Entry[],
  refusals: Pick<Refusals, 'hear'>,
  { keepOutbox, ...context }: ResetContext & ResetOptions,
): readonly string[] {
  const gone = open.filter((entry) => !keepOutbox || standsOnCanonical(entry))
  refusals.hear(strandedBy(gone, context))
  return gone.map(({ id }) => id)
}

/** A verdict on each of `entries`, in their order. No reviewer signed it, so its signature is empty. */
function strandedBy(entries: readonly Entry[], context: ResetContext): Rejection[] {
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
function standsOnCanonical(entry: Entry): boolean {
  // Of a message that was taken over, only parents that are pending here are known.
  return entry.writes.some(
    ({ kind, parents }) =>
      kind !== 'create' &&
      (parents.length === 0 || parents.some((parent) => parent.entry.review !== null)),
  )
}
