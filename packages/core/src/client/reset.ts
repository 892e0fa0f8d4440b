/**
 * The outbox at a reset: messages that depend on no canonical row of the old reviewer can be kept.
 * The others are rejected by this store itself, so that the app can write them again or discard them.
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Entry } from '../history/entry.ts'
import { ownRejection } from './outbox/own-rejection.ts'
import type { Outbox } from '../sync/outbox.ts'
import type { CanonicalDisk } from './disk/canonical-disk.ts'
import type { Journal } from './disk/journal.ts'
import type { Trust } from './identity/trust.ts'
import type { Refusals } from './outbox/refusals.ts'
import type { ResetOptions, SyncStatus } from './store.ts'
import type { UndoStack } from './verbs/undo.ts'
import type { Position } from '../facts/message.ts'

export interface ResetContext {
  readonly space: string
  /** Null before the first greeting: then no message depends on a reviewer. */
  readonly reviewerId: string | null
  readonly position: Position | null
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface StartOverParts extends Omit<ResetContext, 'reviewerId'> {
  readonly outbox: Outbox
  readonly refusals: Refusals
  readonly undo: UndoStack
  readonly trust: Trust
  readonly canonicalDisk: CanonicalDisk
  readonly journal: Journal
  readonly status: StoreApi<SyncStatus>
  readonly dismiss: (ids: readonly string[]) => void
}

/** Discards the pinned reviewer and all its data; the next reviewer that greets is followed. */
export async function startOver(keepOutbox: boolean, parts: StartOverParts): Promise<void> {
  const { outbox, refusals, undo, trust, canonicalDisk, journal, status, dismiss } = parts
  const { space, position, now } = parts
  const { reviewerId } = status.getState()
  const gone = strand([...outbox.open()], refusals, {
    ...{ space, reviewerId, position, now, keepOutbox },
  })
  if (!keepOutbox) dismiss(gone)
  undo.clear()
  await trust.forget()
  await canonicalDisk.clear()
  journal.clear()
  outbox.kept.take()
  status.setState({ caughtUp: false, reviewerId: null, position: null, alarm: undefined })
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
  const { eid, epoch } = position
  const { space, now: at } = context
  const why = {
    reason: 'parent_lost',
    detail: 'it changes a row of the reviewer that this store followed before its reset',
  } as const
  const by = { space, reviewerId, eid, epoch, at, ...why }
  refusals.apply(stranded.map((entry) => ownRejection(entry, by)))
  return stranded.map(({ id }) => id)
}

/** Whether a message changes a canonical row. */
function dependsOnCanonical(entry: Entry): boolean {
  // Of a message adopted from an ended session, only parents that are pending here are known.
  return entry.writes.some(
    ({ kind, parents }) =>
      kind !== 'create' &&
      (parents.length === 0 || parents.some(({ entry: parent }) => isOfReviewer(parent))),
  )
}

function isOfReviewer({ review, state }: Entry): boolean {
  return review !== null || state === 'unverified'
}
