/**
 * Which rows are on which page of the stored canonical state, so that a checkpoint writes only the
 * pages whose rows have changed. The pages of a type follow each other in the order in which their
 * rows were created: a new row joins the last one, and the page of any row is found by halving.
 */
import { assert } from '../../base/assert.ts'
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import { type EntityState, createdOf } from '../../fold/state.ts'

/** Where a row was created: the seq of the message, and the number of the change in it. */
export interface Place {
  readonly seq: number
  readonly index: number
}

export interface RowPage {
  readonly no: number
  readonly check: string
  /** Of its first row. */
  readonly first: Place
  /** At least one, in the order in which they were created. */
  readonly ids: readonly Uuid[]
}

/** The place of a row in a checkpoint: that of its creation, which never changes. */
export function placeOf(state: EntityState): Place {
  const { entry, index } = createdOf(state)
  assert(entry.review, 'a stored row was created by an accepted message')
  return { seq: entry.review.seq, index }
}

/** Compares for `sort`: by seq, then by the change of the message. */
export function comparePlaces(a: Place, b: Place): number {
  return a.seq - b.seq || a.index - b.index
}

export class StoredPages {
  readonly #byType = new Map<string, RowPage[]>()
  #nextNo = 0

  /** A page that is read back, in any order. */
  add(type: string, page: RowPage): void {
    const pages = this.#byType.get(type) ?? []
    pages.splice(indexFor(pages, page.first), 0, page)
    this.#byType.set(type, pages)
    this.#nextNo = Math.max(this.#nextNo, page.no + 1)
  }

  /** A number that no page has. */
  newNo(): number {
    return this.#nextNo++
  }

  /** The page that a row of that place is on, or belongs on; undefined where the type has none. */
  find(type: string, place: Place): RowPage | undefined {
    const pages = this.#byType.get(type)
    return pages?.[Math.max(0, indexFor(pages, place) - 1)]
  }

  /** Puts `pages`, of the same rows and new ones between them, in the place of `page`. */
  replace(type: string, page: RowPage | undefined, pages: readonly RowPage[]): void {
    const all = this.#byType.get(type) ?? []
    const at = page ? all.indexOf(page) : all.length
    assert(at >= 0, 'a page that is replaced is one of its type')
    all.splice(at, page ? 1 : 0, ...pages)
    this.#byType.set(type, all)
  }

  /** Of numbers and checksums of all pages: tells of a page that is missing, or of another checkpoint. */
  digest(): string {
    return digestOf([...this.#byType.values()].flat())
  }
}

/** One checksum over the numbers and checksums of all pages, in whatever order they are given. */
export function digestOf(pages: readonly Pick<RowPage, 'no' | 'check'>[]): string {
  const sorted = [...pages].sort((a, b) => a.no - b.no)
  return checksum(sorted.map(({ no, check }) => `${no}:${check}`).join())
}

/** How many of the pages begin at `place` or before it. */
function indexFor(pages: readonly RowPage[], place: Place): number {
  let low = 0
  let high = pages.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (comparePlaces(pages[middle]!.first, place) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
