/**
 * The outbox at a reset: messages that depend on no canonical row of the old reviewer can be kept.
 * The others are rejected by this store itself, so that the app can write them again or discard them.
 */
import type { Entry } from '../history/entry.ts'
import type { Refusals } from './outbox/refusals.ts'
import type { ResetOptions } from './store.ts'
import { type Position, type Rejection, WIRE_VERSION } from '../facts/message.ts'

export interface ResetContext {
  readonly space: string
  /** Null before the first greeting: then no message depends on a reviewer. */
  readonly reviewerId: string | null
  readonly position: Position | null
  /** Milliseconds since 1970. */
  readonly now: number
}

/**
 * Rejects all open messages, or with `keepOutbox` those that depend on canonical rows of the old
 * reviewer. Returns their ids.
 */
export function strand(
  open: readonly Entry[],
  refusals: Pick<Refusals, 'apply'>,
  { keepOutbox, ...context }: ResetContext & ResetOptions,
): readonly string[] {
  const { reviewerId, position } = context
  if (reviewerId === null || !position) return []
  const stranded = open.filter((entry) => !keepOutbox || dependsOnCanonical(entry))
  refusals.apply(rejectionsOf(stranded, { ...context, reviewerId, position }))
  return stranded.map(({ id }) => id)
}

interface Followed extends ResetContext {
  readonly reviewerId: string
  readonly position: Position
}

/** A rejection of each entry, in order. No reviewer signed it, so its signature is empty. */
function rejectionsOf(entries: readonly Entry[], context: Followed): Rejection[] {
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

/** Whether a message changes a canonical row. */
function dependsOnCanonical(entry: Entry): boolean {
  // Of a message adopted from an ended session, only parents that are pending here are known.
  return entry.writes.some(
    ({ kind, parents }) =>
      kind !== 'create' &&
      (parents.length === 0 || parents.some((parent) => parent.entry.review !== null)),
  )
}
