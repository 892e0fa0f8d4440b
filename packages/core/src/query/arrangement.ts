/**
 * Entries kept in an order: what stands behind a declared index, and behind a live query that
 * no index serves. New entries are gathered and merged when somebody reads or the gathering is
 * full; so a bulk load costs a sort, not an insertion each, and no step is long.
 *
 * An entry that leaves must still compare as it did when it came.
 */
import { assert } from '../base/assert.ts'
import type { SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type Comparator, type RowAccess, comparator } from './compare.ts'
import { type RowOrder, sortRows } from './sort-rows.ts'
import { SortedList } from './sorted-list.ts'
import { type RowChange, distinct } from './stand-ins.ts'

/** Entries gathered before they are merged, whether anybody reads or not. */
export const GATHERED_ROWS_MAX = 16_384
/** A merge pays when it brings at least one entry in so many of the list. */
const MERGE_SHARE = 64

export class Arrangement {
  readonly #order: RowOrder
  readonly #list: SortedList<AnyRow>
  #gathered: AnyRow[] = []
  #standIns = 0

  constructor(keys: readonly SortKey[], access: RowAccess, sorted: readonly AnyRow[] = []) {
    this.#order = { keys, compare: comparator(keys, access) }
    this.#list = SortedList.fromSorted(sorted, this.#order.compare)
  }

  get keys(): readonly SortKey[] {
    return this.#order.keys
  }

  get compare(): Comparator {
    return this.#order.compare
  }

  get size(): number {
    return this.#list.size + this.#gathered.length
  }

  /** Entries that are not rows. */
  get standIns(): number {
    return this.#standIns
  }

  /** The list with everything in it. */
  get list(): SortedList<AnyRow> {
    if (this.#gathered.length > 0) this.#merge()
    return this.#list
  }

  /** Brings in a row under all its candidates, and takes out the one before it. */
  change({ before, beforeStandIns, after, afterStandIns }: RowChange): void {
    if (!beforeStandIns && !afterStandIns) {
      this.swap(before, after)
      return
    }
    const leaving = before ? distinct(before, beforeStandIns ?? [], this.compare) : []
    const coming = after ? distinct(after, afterStandIns ?? [], this.compare) : []
    for (const entry of leaving) this.#remove(entry)
    for (const entry of coming) this.#add(entry)
    this.#standIns += Math.max(coming.length - 1, 0) - Math.max(leaving.length - 1, 0)
  }

  /** Puts one entry in the place of another; either may be absent. */
  swap(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before && after && this.compare(before, after) === 0 && this.list.replace(after)) return
    if (before) this.#remove(before)
    if (after) this.#add(after)
  }

  #add(entry: AnyRow): void {
    this.#gathered.push(entry)
    if (this.#gathered.length >= GATHERED_ROWS_MAX) this.#merge()
  }

  #remove(entry: AnyRow): void {
    const { list } = this
    // An app can change a Date that a row holds, and the row then stands where it is not looked for.
    const removed = list.remove(entry) !== undefined || list.removeObject(entry)
    assert(removed, `row ${entry.id} is not where its fields say`)
  }

  #merge(): void {
    const gathered = this.#gathered
    this.#gathered = []
    if (gathered.length * MERGE_SHARE < this.#list.size) {
      for (const entry of gathered) this.#list.insert(entry)
    } else {
      this.#list.merge(sortRows(gathered, this.#order))
    }
  }
}
