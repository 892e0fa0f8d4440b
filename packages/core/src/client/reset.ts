/**
 * Which messages of the outbox outlive a change of reviewer: those that stand on nothing the old
 * one had. The others get a verdict of this store's own, so that the app can deal with them.
 */
import type { Entry } from '../history/entry.ts'
import type { Refusals } from './outbox/refusals.ts'
import type { ResetOptions } from './store.ts'
import { type Position, type Rejection, WIRE_VERSION } from '../facts/message.ts'

export interface ResetContext {
  readonly space: string
  /** Null: it was never met, and nothing stands on it. */
  readonly reviewerId: string | null
  readonly position: Position | null
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
  const { reviewerId, position } = context
  if (reviewerId === null || !position) return []
  const gone = open.filter((entry) => !keepOutbox || standsOnCanonical(entry))
  refusals.hear(strandedBy(gone, { ...context, reviewerId, position }))
  return gone.map(({ id }) => id)
}

/** With the reviewer that was followed. */
interface Followed extends ResetContext {
  readonly reviewerId: string
  readonly position: Position
}

/** A verdict on each of `entries`, in their order. No reviewer signed it, so its signature is empty. */
function strandedBy(entries: readonly Entry[], context: Followed): Rejection[] {
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
