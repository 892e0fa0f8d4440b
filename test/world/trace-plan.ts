/**
 * The part of a trace that can be replayed: the rows whose history it has from their creation on, and
 * the messages that made them, in the order in which a reviewer accepted them; then those that
 * waited for a verdict. Pure.
 */
import type { ChangeRecord, EntityName, Json, MessageRecord } from '@countersign/core/inspect'
import type { Trace } from '@countersign/devtools/panel'

export interface PlannedChange extends Omit<ChangeRecord, 'values'> {
  readonly values: readonly Json[]
}

export interface PlannedMessage {
  readonly record: MessageRecord
  /** Its changes of rows that can be replayed. */
  readonly changes: readonly PlannedChange[]
  /** Whether the trace has every message that was accepted before it. */
  readonly followsAll: boolean
}

export interface TracePlan {
  readonly messages: readonly PlannedMessage[]
  /** Rows that can be compared, by `rowKey`. */
  readonly rows: ReadonlySet<string>
}

const WAITING: ReadonlySet<string> = new Set(['draft', 'queued', 'volatile', 'sent'])

export function rowKey({ type, id }: EntityName): string {
  return `${type} ${id}`
}

export function planOf({ messages }: Trace): TracePlan {
  const counted = messages.filter(({ review, state }) => review || WAITING.has(state))
  const written = new Map<string, ReadonlySet<string>>()
  for (const { name, changes } of counted) written.set(name, new Set(changes.map(rowKey)))
  const rows = new Set(counted.flatMap(({ changes }) => changes.map(rowKey)))
  for (const record of counted) {
    for (const change of record.changes) {
      const key = rowKey(change)
      const knows = (name: string): boolean => written.get(name)?.has(key) ?? false
      if (!isWhole(record, change, knows)) rows.delete(key)
    }
  }
  const sorted = counted.toSorted(byOrder)
  const gap = sorted.findIndex(({ review }, at) => review?.seq !== at + 1)
  const planned = sorted.map((record, at) => ({
    record,
    followsAll: gap < 0 || at < gap,
    changes: record.changes.flatMap(({ values, ...change }) =>
      values && rows.has(rowKey(change)) ? [{ ...change, values }] : [],
    ),
  }))
  return { messages: planned.filter(({ changes }) => changes.length > 0), rows }
}

/** Whether nothing before this change is missing. A snapshot names no session, and no parents. */
function isWhole(
  { sessionId }: MessageRecord,
  { type, kind, parents, keep, values }: ChangeRecord,
  knows: (name: string) => boolean,
): boolean {
  const names = [...parents, ...Object.values(keep ?? {}).flat()]
  // The types of the library under `$` have versions, and no rows of an app.
  if (type.startsWith('$') || sessionId === '' || !values) return false
  return (parents.length > 0 || kind === 'create') && names.every(knows)
}

function byOrder(
  { review: a, ...one }: MessageRecord,
  { review: b, ...two }: MessageRecord,
): number {
  if (a && b) return a.epoch - b.epoch || a.seq - b.seq
  if (a || b) return a ? -1 : 1
  return one.arrival - two.arrival
}
