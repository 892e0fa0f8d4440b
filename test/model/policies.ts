/**
 * What a reader makes of a row by the policies of its type, by brute force: PROTOCOL 9 written
 * down over the oracle's fold, without a line of core.
 *
 *   first, last   the first or last accepted of the values that stand; own pending ones come last
 *   merge         a function of the values, unless it gives up, one of them unsets the field, or
 *                 nobody can say what stood before
 *   ask           a conflict; shown is the reader's own newest value, to others the first accepted
 *   scope row     writes side by side of a row are a conflict of all fields they wrote, even of one
 *                 value, and so they are where the row they make together breaks the rule of its type
 *   archived      by one, edited by another who had not seen it: a conflict, or one of them wins
 *
 * The order of writes without a verdict may be unknown to whoever asks; then there are options.
 */
import { isDeepStrictEqual } from 'node:util'
import { type OracleRow, type OracleWrite, UNSET } from './oracle.ts'

/** A longer base is not said, in UTF-8 bytes of its JSON. */
const BASE_BYTES_MAX = 1_024

export type OraclePolicy =
  | 'ask'
  | 'first'
  | 'last'
  /** Must not depend on the order of the values. `undefined` gives up. */
  | ((values: readonly unknown[]) => unknown)

export interface OraclePolicies {
  readonly fields: ReadonlyMap<string, OraclePolicy>
  readonly scope: 'register' | 'row'
  readonly archived: 'surface' | 'archive-wins' | 'edit-wins'
}

export interface OracleBefore {
  readonly writes: readonly OracleWrite[]
  /** False where it depends on an order of pending writes that is known to their device alone. */
  readonly isKnown: boolean
}

/** The row, and who had seen whom. */
export interface OraclePast {
  readonly row: OracleRow
  /** Whether the bearer of `id` had seen `other`. */
  hasSeen(id: string, other: string): boolean
  /** What stood in the register before its live writes parted: what the author of the second one saw there. */
  before(reg: string): OracleBefore
  /** Live writes of fields that the reader's version does not have. They are edits all the same. */
  readonly hidden?: readonly OracleWrite[]
}

export interface OracleReader {
  isOwn(id: string): boolean
  /** The writes that may be the first, or the last, of these in canonical order. */
  ends(writes: readonly OracleWrite[], which: 'first' | 'last'): readonly OracleWrite[]
  /** Whether the row that is shown breaks the rule of its type. */
  readonly breaksRule: boolean
}

export interface OracleConflict {
  /** One for each different value; `by` is any message that gave it. */
  readonly candidates: readonly OracleWrite[]
  /** What stood before, where that is one value. */
  readonly base: unknown
  /** Whether every reader like this one knows that. */
  readonly isBaseKnown: boolean
}

export interface OracleReading {
  /** By register: the values that may be shown, `UNSET` among them. */
  readonly shown: ReadonlyMap<string, readonly unknown[]>
  readonly conflicts: ReadonlyMap<string, OracleConflict>
  /** Registers that may be in conflict, or merged by a function that has to know what stood before. */
  readonly open: ReadonlySet<string>
  readonly archived: boolean
}

const ARCHIVED = '$archived'

export function readingOf(
  past: OraclePast,
  policies: OraclePolicies,
  reader: OracleReader,
): OracleReading {
  const shown = new Map<string, readonly unknown[]>()
  const conflicts = new Map<string, OracleConflict>()
  const open = new Set<string>()
  for (const [reg, live] of past.row.live) {
    if (reg === ARCHIVED) continue
    const policy = policies.fields.get(reg) ?? 'ask'
    const before = past.before(reg)
    // Where writes parted is not known of pending ones of several sessions: their order is not.
    const isSaid = typeof policy !== 'function' || !before.isKnown || isOne(before.writes)
    const value = isSaid ? valueOf(live, policy, reader) : agreedOf(live)
    const either = typeof policy === 'function' && !before.isKnown
    if (value && either && differentOf(live).length > 1) open.add(reg)
    shown.set(reg, [...(value ?? []), ...(value && !either ? [] : shownOf(live, reader))])
    if (value === undefined) conflicts.set(reg, conflictOf(live, before))
  }
  if (policies.scope === 'row' || reader.breaksRule) {
    for (const [reg, conflict] of contested(past))
      if (!conflicts.has(reg)) conflicts.set(reg, conflict)
  }
  const archived = archivedOf(past, policies)
  if (archived === 'conflict')
    conflicts.set(ARCHIVED, { candidates: [], base: false, isBaseKnown: true })
  return { shown, conflicts, open, archived: archived === true }
}

/** One write for each different value. */
export function differentOf(writes: readonly OracleWrite[]): OracleWrite[] {
  return writes.filter(
    ({ value }, at) => writes.findIndex((other) => isDeepStrictEqual(other.value, value)) === at,
  )
}

/** The values that may stand by the policy; undefined where it leaves a conflict. */
function valueOf(
  live: readonly OracleWrite[],
  policy: OraclePolicy,
  reader: OracleReader,
): readonly unknown[] | undefined {
  const different = differentOf(live)
  if (different.length === 1) return [different[0]!.value]
  if (policy === 'ask') return undefined
  if (policy === 'first' || policy === 'last')
    return reader.ends(live, policy).map(({ value }) => value)
  const values = different.map(({ value }) => value)
  if (values.includes(UNSET)) return undefined
  const merged = policy(values)
  return merged === undefined ? undefined : [merged]
}

/** To a reader who wrote one of them their own newest, to everyone else the first accepted. */
function shownOf(live: readonly OracleWrite[], reader: OracleReader): readonly unknown[] {
  const own = live.filter(({ by }) => reader.isOwn(by))
  const ends = own.length > 0 ? reader.ends(own, 'last') : reader.ends(live, 'first')
  return ends.map(({ value }) => value)
}

function conflictOf(live: readonly OracleWrite[], before: OracleBefore): OracleConflict {
  const base = baseValue(before.writes)
  return { candidates: differentOf(live), base, isBaseKnown: before.isKnown }
}

/** Whether one value stood, or none; of several, or a very long one, nobody speaks. */
function isOne(before: readonly OracleWrite[]): boolean {
  const [first, ...others] = before
  if (first === undefined || first.value === UNSET) return others.length === 0
  return others.length === 0 && Buffer.byteLength(JSON.stringify(first.value)) <= BASE_BYTES_MAX
}

function baseValue(before: readonly OracleWrite[]): unknown {
  return isOne(before) && before.length === 1 ? before[0]!.value : UNSET
}

function agreedOf(live: readonly OracleWrite[]): readonly unknown[] | undefined {
  const different = differentOf(live)
  return different.length === 1 ? [different[0]!.value] : undefined
}

const NOTHING: OracleBefore = { writes: [], isKnown: true }

/** Fields that some head wrote, or has in its past, and another head has not. */
function* contested(past: OraclePast): Iterable<readonly [string, OracleConflict]> {
  const { heads, live } = past.row
  if (heads.length < 2) return
  for (const [reg, writes] of live) {
    if (reg === ARCHIVED) continue
    const isKnownToAll = ({ by }: OracleWrite): boolean =>
      heads.every((head) => head === by || past.hasSeen(head, by))
    if (writes.every(isKnownToAll)) continue
    // Of a register in which one value stands, nobody says what stood before.
    const before = writes.length > 1 ? past.before(reg) : NOTHING
    const base = baseValue(before.writes)
    yield [reg, { candidates: differentOf(writes), base, isBaseKnown: before.isKnown }]
  }
}

function archivedOf(past: OraclePast, { archived: policy }: OraclePolicies): boolean | 'conflict' {
  const { live } = past.row
  const marks = live.get(ARCHIVED) ?? []
  const archives = marks.filter(({ value }) => value === true)
  if (archives.length === 0) return false
  if (policy === 'archive-wins') return true
  const isBeside = (a: string, b: string): boolean =>
    a !== b && !past.hasSeen(a, b) && !past.hasSeen(b, a)
  const shown = [...live].flatMap(([reg, writes]) => (reg === ARCHIVED ? [] : writes))
  const edits = [...shown, ...(past.hidden ?? [])]
  const isContradicted =
    archives.length < marks.length ||
    archives.some(({ by }) => edits.some((edit) => isBeside(by, edit.by)))
  if (!isContradicted) return true
  return policy === 'edit-wins' ? false : 'conflict'
}
