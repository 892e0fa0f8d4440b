/**
 * The index of the stored pages: which rows are on which page, so that a checkpoint writes only the
 * pages with changed rows. The pages of a type are sorted by the creation of their rows: a new row
 * is added to the last page, and the page of a row is found by binary search.
 */
import { assert } from '../../base/assert.ts'
import { checksum } from '../../base/checksum.ts'
import type { Uuid } from '../../base/uuid.ts'
import { type EntityState, createdOf } from '../../fold/state.ts'

/** Where a row was created: the seq of the message, and the index of the change in it. */
export interface RowPlace {
  readonly seq: number
  readonly index: number
}

export interface RowPage {
  readonly no: number
  readonly check: string
  /** The place of its first row. */
  readonly first: RowPlace
  /** At least one, in order of creation. */
  readonly ids: readonly Uuid[]
}

/** The place of a row: its creation, which never changes. */
export function placeOf(state: EntityState): RowPlace {
  const { entry, index } = createdOf(state)
  assert(entry.review, 'a stored row was created by an accepted message')
  return { seq: entry.review.seq, index }
}

/** Compares places for `sort`: by seq, then by index. */
export function comparePlaces(a: RowPlace, b: RowPlace): number {
  return a.seq - b.seq || a.index - b.index
}

export class StoredPages {
  readonly #byType = new Map<string, RowPage[]>()
  #nextNo = 0

  /** Adds a page that was read from the storage, in any order. */
  add(type: string, page: RowPage): void {
    const pages = this.#byType.get(type) ?? []
    pages.splice(indexFor(pages, page.first), 0, page)
    this.#byType.set(type, pages)
    this.#nextNo = Math.max(this.#nextNo, page.no + 1)
  }

  /** An unused page number. */
  newNo(): number {
    return this.#nextNo++
  }

  /** The page that a row of that place is on, or belongs on; undefined where the type has none. */
  find(type: string, place: RowPlace): RowPage | undefined {
    const pages = this.#byType.get(type)
    return pages?.[Math.max(0, indexFor(pages, place) - 1)]
  }

  /** Replaces `page` with `pages`, which have the same rows and new ones between them. */
  replace(type: string, page: RowPage | undefined, pages: readonly RowPage[]): void {
    const all = this.#byType.get(type) ?? []
    const at = page ? all.indexOf(page) : all.length
    assert(at >= 0, 'a page that is replaced is one of its type')
    all.splice(at, page ? 1 : 0, ...pages)
    this.#byType.set(type, all)
  }

  /** A checksum over all pages, which detects missing pages and pages of another checkpoint. */
  digest(): string {
    return digestOf([...this.#byType.values()].flat())
  }
}

/** One checksum over the numbers and checksums of all pages, independent of their order. */
export function digestOf(pages: readonly Pick<RowPage, 'no' | 'check'>[]): string {
  const sorted = [...pages].sort((a, b) => a.no - b.no)
  return checksum(sorted.map(({ no, check }) => `${no}:${check}`).join())
}

/** The number of pages whose first row is at or before `place`. */
function indexFor(pages: readonly RowPage[], place: RowPlace): number {
  let low = 0
  let high = pages.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (comparePlaces(pages[middle]!.first, place) <= 0) low = middle + 1
    else high = middle
  }
  return low
}
