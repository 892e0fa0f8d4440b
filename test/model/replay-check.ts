/**
 * Compares what a replay left behind with the answers of its trace: rows as a store shows
 * them, and the conflicts at each place by core's fold over the messages the reviewer accepted.
 */
import { isDeepStrictEqual } from 'node:util'
import type { AnyRow, FieldConflict } from '@countersign/core'
import type { AuthoredMessage, Names } from '@countersign/core/message'
import { Ancestry } from './ancestry.ts'
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
  accepted: readonly AuthoredMessage[],
  names: TraceNames,
): PlacesFound {
  const ancestry = new Ancestry<AuthoredMessage>()
  for (const [i, message] of accepted.entries()) ancestry.accept(message, i + 1)
  const byRow = messagesByRow(accepted.map((message) => plainMessage(message, names, ancestry)))
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

/** The message as the oracle has it: by its parents, and no number of it. */
function plainMessage(
  message: AuthoredMessage,
  names: TraceNames,
  ancestry: Ancestry<AuthoredMessage>,
): OracleMessage {
  return {
    id: names.message(message.id),
    changes: message.changes.map(({ shape, entityId, parents, values, keep }): OracleChange => {
      const named = (these: Names): string[] =>
        ancestry.named(these, message, entityId).map(({ id }) => names.message(id))
      const plain = values.map((value) => (isUnset(value) ? UNSET : value))
      return {
        entity: names.row(entityId) ?? entityId,
        parents: named(parents),
        set: Object.fromEntries(shape.regs.map((reg, i) => [reg, plain[i]])),
        ...(keep && {
          keep: Object.fromEntries(keep.map(({ reg, names: kept }) => [reg, named(kept)])),
        }),
      }
    }),
  }
}

function isUnset(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$unset' in value
}
