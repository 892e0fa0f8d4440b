/**
 * Compares what a replay left behind with the answers of its trace: rows as a store shows
 * them, and the conflicts at each place by core's fold over the messages the reviewer accepted.
 */
import { isDeepStrictEqual } from 'node:util'
import type { AnyRow, FieldConflict } from '@countersign/core'
import type { Message } from '@countersign/core/message'
import { expectedOf, messagesByRow } from './check.ts'
import { CoreFold } from './core-fold.ts'
import { type OracleChange, type OracleMessage, seenBy, UNSET } from './oracle.ts'
import { ARCHIVED, type ExpectedConflicts, type ExpectedRow, type Trace } from './trace.ts'

/** What ids of the wire are called in the trace. */
export interface TraceNames {
  readonly message: (id: string) => string
  readonly row: (id: string) => string | undefined
}

export interface PlacesFound {
  readonly places: number
  readonly placesEqual: number
  /** Fields in conflict that the trace expects, and those of them found with all candidates. */
  readonly fields: number
  readonly fieldsEqual: number
  readonly differences: readonly string[]
}

/** How the row differs from what the trace expects, or undefined. */
export function rowDifference(
  row: AnyRow | undefined,
  expected: ExpectedRow,
  names: TraceNames,
): string | undefined {
  if (!row) return 'it is not there'
  const heads = row.$heads.map(names.message).sort()
  if (!isDeepStrictEqual(heads, expected.heads.toSorted())) {
    return `its heads are ${heads.join()}, not ${expected.heads.join()}`
  }
  const open = Object.keys(row.$conflicts).sort()
  // Who archived and who restored is for the policy of the type: archived wins.
  const { [ARCHIVED]: archiving, ...stillOpen } = Object.fromEntries(expected.open)
  if (!isDeepStrictEqual(open, Object.keys(stillOpen).sort())) {
    return `in conflict are ${open.join() || 'no fields'}, not ${Object.keys(stillOpen).join()}`
  }
  for (const [field, candidates] of Object.entries(stillOpen)) {
    const fault = candidateFault(row.$conflicts[field]!, candidates, names)
    if (fault !== undefined) return `${field}: ${fault}`
  }
  const shown = new Map(Object.entries(row).filter(([field]) => field !== 'id'))
  for (const field of open) shown.delete(field)
  const fields = new Map([...expected.fields].filter(([field]) => field !== ARCHIVED))
  if (!isDeepStrictEqual(shown, fields)) return 'its fields have other values'
  const archived = archiving !== undefined || expected.fields.get(ARCHIVED) === true
  return row.$archived === archived ? undefined : `it is ${row.$archived ? '' : 'not '}archived`
}

/** A store names one write for each different value; the trace names all of them. */
function candidateFault(
  { candidates }: FieldConflict,
  expected: readonly { by: string; value: unknown }[],
  names: TraceNames,
): string | undefined {
  const left = [...expected]
  for (const { msgId, value } of candidates) {
    const by = names.message(msgId)
    const plain = value === undefined ? UNSET : value
    const same = left.filter((other) => isDeepStrictEqual(other.value, plain))
    if (!same.some((other) => other.by === by))
      return `${by} is a candidate, or has a value, too much`
    for (const other of same) left.splice(left.indexOf(other), 1)
  }
  return left.length === 0 ? undefined : `${left.map(({ by }) => by).join()} is no candidate`
}

/** Folds each place's row over exactly what its bearers had seen, and compares the conflicts. */
export function placesFound(
  trace: Trace,
  accepted: readonly Message[],
  names: TraceNames,
): PlacesFound {
  const byRow = messagesByRow(accepted.map((message) => plainMessage(message, names)))
  const differences: string[] = []
  let fieldsEqual = 0
  let placesEqual = 0
  for (const { at, row, conflicts } of trace.expectConflicts) {
    const core = new CoreFold()
    for (const { id, changes } of seenBy(byRow.get(row) ?? [], row, at)) {
      core.deliver({ id, changes: changes.filter(({ entity }) => entity === row) })
    }
    const folded = core.row(row)
    const found: ExpectedConflicts = folded ? expectedOf(folded).open : new Map()
    const equal = [...conflicts].filter(([field, list]) =>
      isDeepStrictEqual(
        found.get(field),
        list.toSorted((a, b) => (a.by < b.by ? -1 : 1)),
      ),
    )
    fieldsEqual += equal.length
    const isEqual =
      equal.length === conflicts.size && isDeepStrictEqual(core.conflicts(row), keysOf(conflicts))
    if (isEqual) placesEqual++
    else differences.push(`${row} at ${at.join()}: ${core.conflicts(row).join()} in conflict`)
  }
  const fields = trace.expectConflicts.reduce((sum, { conflicts }) => sum + conflicts.size, 0)
  return { places: trace.expectConflicts.length, placesEqual, fields, fieldsEqual, differences }
}

function keysOf(map: ReadonlyMap<string, unknown>): string[] {
  return [...map.keys()].sort()
}

function plainMessage({ id, changes }: Message, names: TraceNames): OracleMessage {
  return {
    id: names.message(id),
    changes: changes.flatMap((change): OracleChange[] => {
      if (!change?.values) return []
      const { entityId, parentCanonicalIds, regs, keep } = change.meta
      const values = change.values.map((value) => (isUnset(value) ? UNSET : value))
      const kept = Object.entries(keep ?? {}).map(([reg, ids]) => [reg, ids.map(names.message)])
      return [
        {
          entity: names.row(entityId) ?? entityId,
          parents: parentCanonicalIds.map(names.message),
          set: Object.fromEntries(regs.map((reg, i) => [reg, values[i]])),
          ...(keep && { keep: Object.fromEntries(kept) as Record<string, string[]> }),
        },
      ]
    }),
  }
}

function isUnset(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$unset' in value
}
