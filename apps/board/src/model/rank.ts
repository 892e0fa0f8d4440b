/**
 * Ranks within a column. A rank is a fractional index: there is always a key between two others, so a
 * move writes one row, and concurrent moves of different cards do not conflict.
 *
 * Two offline people can create the same key, because both have the same neighbours. Rows are
 * therefore sorted by (rank, id), the same on every device. No key fits between two equal keys; a drop
 * there gives new keys to the equal ones below.
 *
 * Keys come from other authors, so nothing here may throw: invalid keys are skipped.
 */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'

export interface Ranked {
  readonly id: string
  readonly rank: string
}

export interface Placement {
  /** The key of the row that is placed. */
  readonly rank: string
  /** Other rows of the column that need a new key; nearly always empty. */
  readonly also: readonly Ranked[]
}

/** Maximum equal keys below the new place that get new ones. */
const tiesMax = 200

/**
 * The key for place `index` of `column`, which is sorted by (rank, id) and does not include the moved
 * row.
 */
export function placeAt(column: readonly Ranked[], index: number): Placement {
  const before = column.slice(0, index).findLast((row) => isRank(row.rank))?.rank ?? null
  const below = column.slice(index).filter((row) => isRank(row.rank))
  const tiesEnd = below.findIndex((row) => before === null || row.rank > before)
  const ties = (tiesEnd === -1 ? below : below.slice(0, tiesEnd)).slice(0, tiesMax)
  const after = below[tiesEnd]?.rank ?? null
  const [rank = generateKeyBetween(before, null), ...fresh] = generateNKeysBetween(
    before,
    after,
    1 + ties.length,
  )
  return { rank, also: ties.map((row, at) => ({ id: row.id, rank: fresh[at] ?? rank })) }
}

/** `count` keys for rows at the end of the column. */
export function ranksBelow(column: readonly Ranked[], count: number): readonly string[] {
  const last = column.findLast((row) => isRank(row.rank))?.rank ?? null
  return generateNKeysBetween(last, null, count)
}

export function isRank(key: string): boolean {
  try {
    generateKeyBetween(key, null)
    return true
  } catch {
    return false
  }
}
