/** Translates values by a table. */
import { canonical } from '../../../base/canonical.ts'
import type { Json } from '../../../base/json.ts'
import { INVALID, type Moved, type Moves } from '../moves.ts'
import { nameFault } from '../names.ts'
import { shown } from '../shown.ts'
import { type MapStep, lossOf } from '../step.ts'
import type { StepRule } from '../step-rule.ts'
import { backport, lossy, valueFault } from './values.ts'

export const TABLE_PAIRS_MAX = 1_024

export const MAP: StepRule<MapStep> = {
  op: 'map',
  needs: { field: nameFault, to: nameFault, table: tableFault },
  may: { up: valueFault, down: valueFault, lossy, backport },
  meaning: ambiguity,
  moves: mapMoves,
}

function tableFault(table: unknown): string | undefined {
  if (!Array.isArray(table)) return 'a table is a list of pairs'
  if (table.length > TABLE_PAIRS_MAX) return `a table has at most ${TABLE_PAIRS_MAX} pairs`
  for (const pair of table as readonly unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) return 'a table is a list of pairs'
    const fault = valueFault(pair[0]) ?? valueFault(pair[1])
    if (fault !== undefined) return fault
  }
  return undefined
}

/** Two pairs with one value on a side cannot be distinguished there, and must be declared lossy. */
function ambiguity(step: MapStep): string | undefined {
  const loss = lossOf(step)
  const olds = new Set<Json>()
  const nexts = new Set<Json>()
  const pairs = new Set<string>()
  for (const [old, next] of step.table) {
    const [seenOld, seenNext] = [olds.has(tableKey(old)), nexts.has(tableKey(next))]
    if (pairs.has(canonical([old, next]))) {
      return `the table has ${shown(old)} to ${shown(next)} twice`
    }
    if (seenOld && !loss.down) {
      return `several new values become ${shown(old)}: declare it lossy down`
    }
    if (seenNext && !loss.up) {
      return `several old values become ${shown(next)}: declare it lossy up`
    }
    olds.add(tableKey(old))
    nexts.add(tableKey(next))
    pairs.add(canonical([old, next]))
  }
  return undefined
}

function mapMoves(step: MapStep): Moves {
  const ups = new Map<Json, Json>()
  const downs = new Map<Json, Json>()
  for (const [old, next] of step.table) {
    if (!ups.has(tableKey(old))) ups.set(tableKey(old), next)
    if (!downs.has(tableKey(next))) downs.set(tableKey(next), old)
  }
  const outside = (fallback: Json | undefined): Moved =>
    fallback === undefined ? INVALID : fallback
  const up = outside(step.up)
  const down = outside(step.down)
  return {
    up: (value) => ups.get(tableKey(value)) ?? missing(ups, value, up),
    down: (value) => downs.get(tableKey(value)) ?? missing(downs, value, down),
  }
}

/** Separates a stored `null` from a missing value. */
function missing(table: ReadonlyMap<Json, Json>, value: Json, fallback: Moved): Moved {
  return table.has(tableKey(value)) ? null : fallback
}

/**
 * Equal keys for equal values. A string gets a quote before it, so it never equals an object's key.
 */
function tableKey(value: Json): Json {
  if (typeof value === 'string') return `"${value}`
  return typeof value === 'object' && value !== null ? canonical(value) : value
}
