/**
 * Who did what to a row, when, and what became of it: what the reviewer has, and what is still
 * under way or was refused here.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Reader } from '../fold/read.ts'
import type { Entry } from '../history/entry.ts'
import { reviewedOrderKey } from '../history/order.ts'
import type { Message, Review } from '../message/message.ts'
import { namedValues } from './named-values.ts'
import { BLOCKED, type Held, type HeldChange, heldEntry } from './refused.ts'
import type { History, HistoryEntry } from './store.ts'

/** Where the parts of a history are. */
export interface HistoryParts {
  readonly messages: readonly { readonly message: Message; readonly review: Review }[]
  readonly pending: Iterable<Entry>
  readonly held: Iterable<Held>
}

export function historyOf(
  { messages, pending, held }: HistoryParts,
  id: Uuid,
  { reader, complete }: { readonly reader: Reader; readonly complete: boolean },
): History {
  const entries = [
    ...messages.flatMap((each) => acceptedEntry(each, id, reader)),
    ...[...pending].flatMap((entry) => pendingEntry(entry, id, reader)),
    ...[...held].flatMap((each) => refusedEntry(each, id, reader)),
  ]
  return { entries, complete }
}

/** An accepted message, as a row's history tells it. */
function acceptedEntry(
  { message, review }: { readonly message: Message; readonly review: Review },
  id: Uuid,
  reader: Reader,
): readonly HistoryEntry[] {
  return message.changes.flatMap((change, index): HistoryEntry[] => {
    if (change?.meta.entityId !== id) return []
    const assigned = review.assigned?.[index] ?? {}
    const written = Object.fromEntries(change.meta.regs.map((reg, i) => [reg, change.values?.[i]]))
    return [
      {
        messageId: message.id,
        kind: change.meta.kind,
        authorId: message.header.authorId,
        timestamp: message.header.timestamp,
        version: change.meta.schemaVersion,
        values: namedValues({ ...written, ...assigned }, change.meta.schemaVersion, reader),
        state: 'accepted',
        reviewerId: review.reviewerId,
        reviewedAt: review.at,
        orderKey: reviewedOrderKey(review, index),
        forked: review.forked,
        reason: undefined,
        detail: undefined,
      },
    ]
  })
}

/** An own message that waits for its verdict. */
function pendingEntry(entry: Entry, id: Uuid, reader: Reader): readonly HistoryEntry[] {
  return heldEntry(entry, 'rejected', BLOCKED)
    .changes.filter((change) => change.entityId === id)
    .map((change) => ({
      ...unreviewed(entry.id, entry.session.authorId, entry.timestamp),
      ...told(change, reader),
      state: 'pending',
      reason: undefined,
      detail: undefined,
    }))
}

/** An own message that was refused, or stands on one. */
function refusedEntry(held: Held, id: Uuid, reader: Reader): readonly HistoryEntry[] {
  return held.changes
    .filter((change) => change.entityId === id)
    .map((change) => ({
      ...unreviewed(held.id, held.authorId, held.timestamp),
      ...told(change, reader),
      state: held.state,
      reason: held.refusal.reason,
      detail: held.refusal.detail,
    }))
}

function unreviewed(messageId: Uuid, authorId: Uuid, timestamp: number) {
  return {
    messageId,
    authorId,
    timestamp,
    reviewerId: null,
    reviewedAt: undefined,
    orderKey: undefined,
    forked: false,
  } as const
}

function told({ kind, version, values }: HeldChange, reader: Reader) {
  return { kind, version, values: namedValues(values, version, reader) }
}
