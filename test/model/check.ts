/**
 * Compares a trace's answers with the oracle's: the rows after all messages, and the
 * conflicts at each place. Returns what differs, in words; nothing is equality.
 */
import { isDeepStrictEqual } from 'node:util'
import {
  conflictsOf,
  type OracleMessage,
  type OracleRow,
  type OracleWrite,
  rowOf,
  seenBy,
  UNSET,
} from './oracle.ts'
import type { ExpectedConflicts, ExpectedPlace, ExpectedRow, Trace } from './trace.ts'

export function checkTrace(trace: Trace): string[] {
  const byRow = messagesByRow(trace.messages)
  const rows = [...trace.expectRows].flatMap(([row, expected]) => {
    const folded = rowOf(byRow.get(row) ?? [], row)
    if (!folded) return [`${row}: no message changes it`]
    const actual = expectedOf(folded)
    return isDeepStrictEqual(actual, expected) ? [] : [`${row}: the oracle has another row`]
  })
  const missing = [...byRow.keys()].filter((row) => !trace.expectRows.has(row))
  const places = trace.expectConflicts.flatMap((place) => {
    const found = conflictsAt(byRow.get(place.row) ?? [], place)
    return isDeepStrictEqual(found, sortedCandidates(place.conflicts))
      ? []
      : [`${place.row} at ${place.at.join(', ')}: the oracle has other conflicts`]
  })
  return [...rows, ...missing.map((row) => `${row}: has no expected row`), ...places]
}

/** What a trace says of a row in that state. A field in conflict is open, and has no value. */
export function expectedOf(row: OracleRow): ExpectedRow {
  const open = sortedCandidates(conflictsOf(row))
  const fields = [...row.live]
    .filter(([field, live]) => !open.has(field) && live[0]!.value !== UNSET)
    .map(([field, live]) => [field, live[0]!.value] as const)
  return { fields: new Map(fields), heads: row.heads, open }
}

/** The conflicts in a row for whoever has seen exactly `at`. */
export function conflictsAt(
  messages: readonly OracleMessage[],
  place: Pick<ExpectedPlace, 'row' | 'at'>,
): ExpectedConflicts {
  const row = rowOf(seenBy(messages, place.row, place.at), place.row)
  return row ? sortedCandidates(conflictsOf(row)) : new Map()
}

export function messagesByRow<M extends OracleMessage>(messages: readonly M[]): Map<string, M[]> {
  const byRow = new Map<string, M[]>()
  for (const message of messages) {
    for (const { entity } of message.changes) {
      const list = byRow.get(entity)
      if (list) list.push(message)
      else byRow.set(entity, [message])
    }
  }
  return byRow
}

function sortedCandidates(
  conflicts: ReadonlyMap<string, readonly OracleWrite[]>,
): Map<string, readonly OracleWrite[]> {
  const byId = (a: OracleWrite, b: OracleWrite): number => (a.by < b.by ? -1 : 1)
  return new Map([...conflicts].map(([field, list]) => [field, list.toSorted(byId)]))
}
