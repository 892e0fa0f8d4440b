/** What must hold of rows in the world of restores, and of what was accepted once. */
import type { Position } from '@countersign/core'
import { isDeepStrictEqual } from 'node:util'
import type { OracleRow } from '../../model/oracle.ts'
import type { Tally } from '../tally.ts'
import { must } from '../violation.ts'
import type { Seat, Task } from './seat.ts'
import type { Log, RestoreTruth } from './truth.ts'

type TaskRow = ReturnType<Seat['store']['query']>['rows'][number] &
  Partial<(typeof Task)['~output']>

const FIELDS = ['title', 'note', 'points'] as const

/**
 * A store on which nothing waits shows what its position has, and nothing of a log that was lost. Every
 * conflict is there; a surplus one is allowed only for an author who had read another log.
 */
export function s1OfItsPosition(truth: RestoreTruth, seat: Seat, tally?: Tally): void {
  const { name } = seat.device
  const { position } = seat
  const rows = new Map(seat.rows.map((row) => [row.id, row]))
  const expected = position ? rowsAt(truth, position, name) : new Map<string, OracleRow>()
  for (const id of rows.keys())
    must(expected.has(id), 'S1', () => `${name} shows a row that its position does not have`)
  for (const [id, row] of expected) {
    const shown = rows.get(id)
    must(shown, 'S1', () => `${name} lacks a row that its position has`)
    const log = truth.logAt(position!)!
    const isAcross = truth.of(id, log, position!.seq).some((one) => truth.isAcross(one, log))
    for (const field of FIELDS) compareField(row, field, { shown, name, isAcross, tally })
  }
}

function rowsAt(
  truth: RestoreTruth,
  position: Position,
  name: string,
): ReadonlyMap<string, OracleRow> {
  must(truth.logAt(position), 'S16', () => `${name} is at a position that was never committed`)
  return truth.expected('task', position)
}

function compareField(
  { live }: OracleRow,
  field: (typeof FIELDS)[number],
  {
    shown,
    name,
    isAcross,
    tally,
  }: {
    readonly shown: TaskRow
    readonly name: string
    readonly isAcross: boolean
    /** Counts conflicts, if given. */
    readonly tally: Tally | undefined
  },
): void {
  const conflict = shown.$conflicts[field] as
    | { candidates: readonly { value: unknown }[] }
    | undefined
  const values = new Set(conflict?.candidates.map(({ value }) => value) ?? [shown[field]])
  const standing = new Set(live.get(field)?.map(({ value }) => value))
  for (const value of standing)
    must(values.has(value), 'S9', () => `${name} lost ${String(value)}, which nobody had seen`)
  const seen = [...values].filter((value) => !standing.has(value))
  must(
    seen.length === 0 || isAcross,
    'S8',
    () => `${name} shows ${seen.join()} beside what was written on it`,
  )
  if (standing.size > 1) tally?.hit('restores: conflict')
  if (seen.length > 0) tally?.hit('restores: conflict too many', seen.length)
}

type Shown = Seat['rows'][number]

function candidatesOf(row: Shown, field: (typeof FIELDS)[number]): readonly unknown[] {
  const candidates = row.$conflicts[field]?.candidates
  return candidates?.map(({ value, msgId }) => [value, msgId]) ?? [row[field]]
}

/** The same for all who are at one position: which candidate a conflict shows depends on who looks. */
function pictureOf({ rows }: Seat): unknown {
  return rows
    .map((row) => ({
      ...{ id: row.id, heads: row.$heads, key: row.$orderKey, state: row.$state },
      fields: FIELDS.map((field) => candidatesOf(row, field)),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** By row and field, the canonical values that a seat shows, whether or not something waits on top. */
export type Standing = ReadonlyMap<string, readonly unknown[]>

export function standingOf({ rows, position }: Seat, log: Log): Standing {
  const canonical = new Set(log.ids.slice(0, position?.seq))
  const standing = new Map<string, readonly unknown[]>()
  for (const row of rows)
    for (const field of FIELDS) {
      const candidates = row.$conflicts[field]?.candidates.filter(({ msgId }) =>
        canonical.has(msgId),
      )
      const alone = row.$state === 'canonical' ? [row[field]] : []
      standing.set(`${row.id} ${field}`, candidates?.map(({ value }) => value) ?? alone)
    }
  return standing
}

/**
 * A store that was closed in order shows from its disk what was canonical and shown: what waits has
 * overwritten nothing that its author had not read. Of what waits, a message that was accepted on a lost
 * lineage may be offered and not shown, and one that the state contains may be shown once more.
 */
export function s22Stands(before: Standing, { rows, device }: Seat): void {
  const now = new Map(rows.map((row) => [row.id, row]))
  for (const [place, values] of before) {
    const [id, field] = place.split(' ') as [string, (typeof FIELDS)[number]]
    const row = now.get(id)
    const shown = row?.$conflicts[field]?.candidates.map(({ value }) => value) ?? [row?.[field]]
    for (const value of values)
      must(
        shown.includes(value),
        'S22',
        () => `${device.name} shows ${shown.join()} from its disk, and before ${String(value)}`,
      )
  }
}

/** All show the same, to the byte. */
export function s1Converged(seats: readonly Seat[]): void {
  const [first, ...others] = seats
  for (const other of others)
    must(
      isDeepStrictEqual(pictureOf(other), pictureOf(first!)),
      'S1',
      () => `${other.device.name} and ${first!.device.name} differ`,
    )
}

/** Every acceptance that a store has received and can hand back is in the log in the end. */
export function s24Healed(
  truth: RestoreTruth,
  acked: ReadonlySet<string>,
  seats: readonly Seat[],
): void {
  const { log } = truth
  const isGone = (id: string): boolean => !log.has(id)
  for (const id of acked) {
    if (!isGone(id)) continue
    const holder = seats.find(({ holds }) => holds.has(id))
    // What it was written on is lost: it waits for that.
    const message = truth.message(id)!
    const isOrphan = message.changes.some(({ entityId }) =>
      [...truth.ancestors(id, entityId)].some(isGone),
    )
    must(
      !holder || isOrphan,
      'S24',
      () => `${truth.nameOf(id)} was acknowledged, ${holder!.device.name} holds it, and it is lost`,
    )
  }
}

/** Nothing is lost in silence: what an app has written since it was opened is in the log, or shown as refused. */
export function s24Told(
  truth: RestoreTruth,
  { store, receipts, device }: Seat,
  tally: Tally,
): void {
  const refused = new Map(store.refused.snapshot().map((one) => [one.messageId, one]))
  for (const { messageId } of receipts)
    must(
      truth.log.has(messageId) || refused.has(messageId),
      'S24',
      () => `${truth.nameOf(messageId)} of ${device.name} is lost, and nobody is told`,
    )
  for (const { messageId, reason } of refused.values()) {
    must(
      !truth.log.has(messageId),
      'S24',
      () =>
        `${truth.nameOf(messageId)} is in the log, and ${device.name} shows it as refused: ${reason}`,
    )
    if (reason === 'parent_lost') tally.hit('restores: given up')
  }
}
