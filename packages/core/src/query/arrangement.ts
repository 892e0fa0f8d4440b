/**
 * Entries in sorted order: the data of a declared index, and of a live query that no index serves.
 * New entries are buffered, and merged on a read or when the buffer is full; so a bulk load costs
 * one sort instead of many insertions, and no step takes long.
 *
 * A removed entry must still compare as it did when it was added.
 */
import { assert } from '../base/assert.ts'
import type { SortKey } from '../schema/entity.ts'
import type { AnyRow } from '../schema/types.ts'
import { type Comparator, type RowAccess, comparator } from './compare.ts'
import { type RowOrder, sortRows } from './sort-rows.ts'
import { SortedList } from './sorted-list.ts'
import { type RowChange, distinct } from './stand-ins.ts'

/** Maximum buffered entries before a merge without a read. */
export const GATHERED_ROWS_MAX = 16_384
/**
 * A sorted merge is used from one new entry in so many of the list; below it, insertions are
 * faster.
 */
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

  /** The list with all entries merged. */
  get list(): SortedList<AnyRow> {
    if (this.#gathered.length > 0) this.#merge()
    return this.#list
  }

  /** Replaces a row, under all its candidates. */
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

  /** Replaces one entry by another; either may be absent. */
  swap(before: AnyRow | undefined, after: AnyRow | undefined): void {
    if (before && after && this.compare(before, after) === 0 && this.list.replace(before, after))
      return
    if (before) this.#remove(before)
    if (after) this.#add(after)
  }

  #add(entry: AnyRow): void {
    this.#gathered.push(entry)
    if (this.#gathered.length >= GATHERED_ROWS_MAX) this.#merge()
  }

  #remove(entry: AnyRow): void {
    const { list } = this
    // An app can mutate a Date in a row; then the row is not at the place of its sort key.
    const removed = list.remove(entry) || list.removeObject(entry)
    assert(removed, `row ${entry.id} is not at the place of its sort key`)
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
