/**
 * Places within a column. A rank is a fractional index: between any two there is room for
 * another, so a move writes one row and two people who move different cards never clash.
 *
 * Two people who are offline can make the same key, because both look at the same
 * neighbours. Rows are therefore sorted by (rank, id), the same way on every screen. Nothing
 * fits between two equal keys; who drops a card there gives new keys to the equal ones below.
 *
 * Keys come from other people, so none of this may throw: one that is no order key is passed over.
 */
import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'

export interface Ranked {
  readonly id: string
  readonly rank: string
}

export interface Placement {
  /** The key of the row that is placed. */
  readonly rank: string
  /** Rows of the column that need a new key as well; empty nearly always. */
  readonly also: readonly Ranked[]
}

/** Equal keys below the new place that get new ones; the rest of a longer run stays as it is. */
const tiesMax = 200

/**
 * The key for place `index` of `column`, which is sorted by (rank, id) and does not hold the
 * row that is placed.
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

/** `count` keys for rows that are added below everything in the column. */
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
