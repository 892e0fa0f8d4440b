/**
 * The history of a row: accepted changes from the reviewer, and pending and refused ones from this
 * store.
 */
import type { Uuid } from '../../base/uuid.ts'
import type { Reader } from '../../fold/read.ts'
import { assert } from '../../base/assert.ts'
import { type Entry, type Write, giveReview } from '../../history/entry.ts'
import { toEntry } from '../../history/from-message.ts'
import { saw } from '../../history/saw.ts'
import type { RegisterTable } from '../../schema/registers.ts'
import { reviewedOrderKey } from '../../history/order.ts'
import type { ReviewedMessage } from '../../sync/history.ts'
import { namedValues } from './named-values.ts'
import { BLOCKED, type Held, type HeldChange, heldEntry } from '../outbox/refused.ts'
import type { History, HistoryEntry } from '../store.ts'

/** The sources of a history. */
export interface HistorySources {
  readonly messages: readonly ReviewedMessage[]
  readonly pending: Iterable<Entry>
  readonly held: Iterable<Held>
}

/** The history of one row, from the reviewer's answer and the messages of this store. */
export function historyOf(
  { messages, pending, held }: HistorySources,
  id: Uuid,
  {
    reader,
    table,
    complete,
  }: {
    readonly reader: Reader
    readonly table: RegisterTable
    readonly complete: boolean
  },
): History {
  const forked = forkedAmong(messages.map((each) => toldWrite(each, table)))
  const unreviewed = [
    ...[...pending].flatMap((entry) => pendingEntry(entry, id, reader)),
    ...[...held].flatMap((each) => refusedEntry(each, id, reader)),
  ]
  // The answer may include messages whose verdict has not arrived here yet.
  const accepted = new Set(messages.map((each) => each.id))
  const entries = [
    ...messages.map((each, i) => acceptedEntry(each, forked[i]!, reader)),
    ...unreviewed.filter(({ messageId }) => !accepted.has(messageId)),
  ]
  return { entries, complete }
}

/** The history entry of an accepted message. */
function acceptedEntry(told: ReviewedMessage, forked: boolean, reader: Reader): HistoryEntry {
  const { change, assigned, session, index } = told
  const { shape, values } = change
  const written = Object.fromEntries(shape.regs.map((reg, i) => [reg, values[i]]))
  return {
    messageId: told.id,
    kind: shape.kind,
    authorId: session.facts.authorId,
    timestamp: told.time,
    version: shape.schemaVersion,
    values: namedValues({ ...written, ...assigned }, shape.schemaVersion, reader),
    state: 'accepted',
    reviewerId: told.reviewerId,
    reviewedAt: told.at,
    orderKey: reviewedOrderKey(told, index),
    forked,
    reason: undefined,
    detail: undefined,
  }
}

/** Whether each of these writes, in canonical order, is concurrent with an earlier one. */
function forkedAmong(writes: readonly Write[]): readonly boolean[] {
  let heads: readonly Write[] = []
  return writes.map((write) => {
    const beside = heads.filter((head) => !saw(write, head))
    heads = [...beside, write]
    return beside.length > 0
  })
}

/** The write of a message from the reviewer's answer, with its review. */
export function toldWrite(told: ReviewedMessage, table: RegisterTable): Write {
  const { session, change, index, assigned, reviewerId, eid, epoch, seq, at } = told
  const message = { ...told, hash: '', changes: [change], salts: [] }
  const entry = toEntry(message, {
    session: session.facts,
    arrival: 0,
    firstIndex: index,
    tableOf: () => table,
  })
  const [write] = entry.writes
  assert(write?.index === index, 'a message of a history has one change, at its index')
  write.assign(assigned, table)
  giveReview(entry, { reviewerId, eid, epoch, seq, at, forked: false })
  return write
}

/** The history entries of a pending message. */
function pendingEntry(entry: Entry, id: Uuid, reader: Reader): readonly HistoryEntry[] {
  return heldEntry(entry, 'rejected', BLOCKED)
    .changes.filter((change) => change.entityId === id)
    .map((change) => ({
      ...withoutReview(entry.id, entry.session.authorId, entry.timestamp),
      ...told(change, reader),
      state: 'pending',
      reason: undefined,
      detail: undefined,
    }))
}

/** The history entries of a refused message. */
function refusedEntry(held: Held, id: Uuid, reader: Reader): readonly HistoryEntry[] {
  return held.changes
    .filter((change) => change.entityId === id)
    .map((change) => ({
      ...withoutReview(held.id, held.authorId, held.timestamp),
      ...told(change, reader),
      state: held.state,
      reason: held.refusal.reason,
      detail: held.refusal.detail,
    }))
}

function withoutReview(messageId: Uuid, authorId: Uuid, timestamp: number) {
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
