/**
 * One filter in one order, updated while a live query reads it, whatever the limit of the query.
 * Its entries are a section of a declared index, or an arrangement of its own.
 *
 * A change has two steps: `touch` notifies the readers whose window has the row or will have it,
 * while every list is unchanged; then the lists change.
 */
import type { AnyRow } from '../schema/types.ts'
import { Arrangement } from './arrangement.ts'
import type { RowAccess } from './compare.ts'
import type { Filter } from './filter.ts'
import { type Request, isInMode } from './request.ts'
import type { Watcher } from './router.ts'
import { type RowChange, pick } from './stand-ins.ts'

/** A reader of the first entries of a view. */
export interface ViewReader {
  /** An entry will leave the view and another will enter it; either may be absent. */
  touch(leaving: AnyRow | undefined, coming: AnyRow | undefined): void
}

export class View implements Watcher {
  readonly request: Request
  readonly readers: Set<ViewReader> = new Set()
  foundIn: number = 0
  /** undefined: a declared index serves this view. */
  readonly #own: Arrangement | undefined

  private constructor(request: Request, own: Arrangement | undefined) {
    this.request = request
    this.#own = own
  }

  static overIndex(request: Request): View {
    return new View(request, undefined)
  }

  /** A view with an arrangement of its own: all matching entries, sorted. */
  static over(request: Request, access: RowAccess, sorted: readonly AnyRow[]): View {
    return new View(request, new Arrangement(request.plan.order, access, sorted))
  }

  get filter(): Filter {
    return this.request.filter
  }

  /** The first entries of its own arrangement. */
  first(countMax: number | undefined): AnyRow[] {
    const list = this.#own?.list
    return list?.slice(list.begin, list.end, countMax) ?? []
  }

  /** Applies a change: notifies readers, then changes its entries. Indexes change after this. */
  change({
    before,
    beforeArchived,
    beforeStandIns,
    after,
    afterArchived,
    afterStandIns,
  }: RowChange): void {
    const { archived, matches } = this.request
    const leaving = isInMode(archived, beforeArchived)
      ? pick(matches, before, beforeStandIns)
      : undefined
    const coming = isInMode(archived, afterArchived)
      ? pick(matches, after, afterStandIns)
      : undefined
    if (!leaving && !coming) return
    for (const reader of this.readers) reader.touch(leaving, coming)
    this.#own?.swap(leaving, coming)
  }
}
