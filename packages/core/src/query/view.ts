/**
 * One filter in one order, kept in step for as long as a live query reads it, whatever its
 * limit. Its entries are a stretch of a declared index, or an arrangement of its own.
 *
 * Two steps a change: `touch` tells the readers whether their window holds or will hold the
 * row, while every list still is as it was; then the lists change.
 */
import type { AnyRow } from '../schema/types.ts'
import { Arrangement } from './arrangement.ts'
import type { RowAccess } from './compare.ts'
import type { Filter } from './filter.ts'
import { type Request, isInMode } from './request.ts'
import type { Watcher } from './router.ts'
import { type RowChange, pick } from './stand-ins.ts'

/** Whoever shows some first entries of a view. */
export interface ViewReader {
  /** One entry is about to leave the view and another to come; either may be absent. */
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

  /** A view with entries of its own: all that match now, in order. */
  static over(request: Request, access: RowAccess, sorted: readonly AnyRow[]): View {
    return new View(request, new Arrangement(request.plan.order, access, sorted))
  }

  get filter(): Filter {
    return this.request.filter
  }

  /** The first entries of an arrangement of its own. */
  first(countMax: number | undefined): AnyRow[] {
    const list = this.#own?.list
    return list?.slice(list.begin, list.end, countMax) ?? []
  }

  /** Takes in a change: readers first, then what the view keeps. Indexes change after this. */
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
