/**
 * Rows with more than one value: a row in conflict is found under each candidate. A stand-in is an
 * object whose prototype is the row, with some fields overridden. This file tracks which rows have
 * stand-ins; `Variants` makes them.
 *
 *   entry      an item of a list: the row, or a stand-in of it
 *   candidate  the row, then its stand-ins: a query shows the row under the first that matches
 */
import type { Uuid } from '../base/uuid.ts'
import type { AnyRow } from '../schema/types.ts'
import type { Comparator } from './compare.ts'
import type { Predicate } from './predicate.ts'

/** The stand-ins of a row, in a fixed order; undefined or empty: the row has none. */
export type Variants = (row: AnyRow) => readonly AnyRow[] | undefined

/** One row replaced by another, with the stand-ins of each. */
export interface RowChange {
  readonly before: AnyRow | undefined
  readonly beforeArchived: boolean
  readonly beforeStandIns: readonly AnyRow[] | undefined
  readonly after: AnyRow | undefined
  readonly afterArchived: boolean
  readonly afterStandIns: readonly AnyRow[] | undefined
}

export class StandIns {
  readonly #variants: Variants | undefined
  readonly #byId = new Map<Uuid, readonly AnyRow[]>()
  readonly #rows = new WeakMap<AnyRow, AnyRow>()
  #everAny = false

  constructor(variants: Variants | undefined) {
    this.#variants = variants
  }

  /** Whether any row has a stand-in now. */
  get any(): boolean {
    return this.#byId.size > 0
  }

  /** The current stand-ins of a row. */
  of(row: AnyRow): readonly AnyRow[] | undefined {
    return this.#byId.get(row.id)
  }

  /** The row of an entry. */
  rowOf(entry: AnyRow): AnyRow {
    return this.#everAny ? (this.#rows.get(entry) ?? entry) : entry
  }

  /** Creates the stand-ins of a new row. */
  ask(row: AnyRow): readonly AnyRow[] | undefined {
    const found = this.#variants?.(row)
    if (!found || found.length === 0) return undefined
    this.#everAny = true
    for (const standIn of found) this.#rows.set(standIn, row)
    return found
  }

  /** Ends a change: the stand-ins of the new row replace those of the previous one. */
  settle({ before, after, afterStandIns }: RowChange): void {
    if (after && afterStandIns) this.#byId.set(after.id, afterStandIns)
    // A change has at least one row.
    else if (this.#byId.size > 0) this.#byId.delete((after ?? before)!.id)
  }
}

/** The candidate under which a query shows the row; undefined: it does not match. */
export function pick(
  matches: Predicate,
  row: AnyRow | undefined,
  standIns: readonly AnyRow[] | undefined,
): AnyRow | undefined {
  if (row === undefined) return undefined
  return matches(row) ? row : standIns?.find(matches)
}

/** The candidates with different places in an order. */
export function distinct(row: AnyRow, standIns: readonly AnyRow[], compare: Comparator): AnyRow[] {
  const entries = [row]
  for (const standIn of standIns) {
    if (entries.every((entry) => compare(entry, standIn) !== 0)) entries.push(standIn)
  }
  return entries
}
