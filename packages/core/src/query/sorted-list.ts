/**
 * A sorted list in chunks of at most 512: an insertion moves part of one chunk, whatever the
 * length of the list. A look-up is a binary search over the chunks, then within one. Knows
 * nothing of rows; two items that compare as equal are the same item, and the list has it once.
 *
 * A `Place` is the position of an item. Places sort as items do and are valid until the next
 * change of the list.
 */
import { assert } from '../base/assert.ts'

export const CHUNK_ITEMS_MAX = 512
/** Items per chunk in a bulk build: leaves room for insertions. */
const CHUNK_ITEMS_BUILT = 384
/** A smaller chunk is joined with its neighbour. */
const CHUNK_ITEMS_MIN = 96
const PLACE_SPAN = 1024

/** Chunk and offset in one number. */
export type ListPlace = number

/**
 * A section of the list: negative before it, 0 in it, positive after it. Monotone over the list.
 */
export type Section<T> = (item: T) => number

export class SortedList<T> {
  readonly #compare: (a: T, b: T) => number
  /** No chunk is empty. */
  #chunks: T[][] = []
  #size = 0

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  /** A list of sorted items without duplicates. */
  static fromSorted<T>(items: readonly T[], compare: (a: T, b: T) => number): SortedList<T> {
    const list = new SortedList(compare)
    pushChunks(list.#chunks, items)
    list.#size = items.length
    return list
  }

  get size(): number {
    return this.#size
  }

  get begin(): ListPlace {
    return 0
  }

  get end(): ListPlace {
    return this.#chunks.length * PLACE_SPAN
  }

  /** Inserts an item, which must not be in the list. */
  insert(item: T): void {
    const at = this.#chunkOf(item)
    const chunk = this.#chunks[at]
    this.#size++
    if (!chunk) {
      this.#append(item)
      return
    }
    chunk.splice(this.#offsetOf(chunk, item), 0, item)
    if (chunk.length > CHUNK_ITEMS_MAX) this.#split(at)
  }

  /** Removes this object, if it is in its place. Returns whether it was. */
  remove(item: T): boolean {
    const at = this.#chunkOf(item)
    const offset = this.#chunks[at]?.indexOf(item) ?? -1
    if (offset < 0) return false
    this.#removeAt(at, offset)
    return true
  }

  /** Removes this object by a scan of all items: for a list whose items lost their order. */
  removeObject(item: T): boolean {
    for (let at = 0; at < this.#chunks.length; at++) {
      const offset = this.#chunks[at]!.indexOf(item)
      if (offset < 0) continue
      this.#removeAt(at, offset)
      return true
    }
    return false
  }

  /**
   * Puts an item in the place of an object of the list that compares as equal. Returns whether that
   * object was there. Looks for it along its chunk: a search would read items, from cold memory.
   */
  replace(before: T, item: T): boolean {
    const chunk = this.#chunks[this.#chunkOf(item)]
    const offset = chunk?.indexOf(before) ?? -1
    if (!chunk || offset < 0) return false
    chunk[offset] = item
    return true
  }

  /**
   * Inserts many sorted items, in one pass over the affected chunks; other chunks do not change.
   */
  merge(sorted: readonly T[]): void {
    const merged: T[][] = []
    const last = this.#chunks.length - 1
    let from = 0
    for (const [at, chunk] of this.#chunks.entries()) {
      // No chunk is empty.
      const to = at === last ? sorted.length : this.#countBefore(sorted, from, chunk.at(-1)!)
      if (to === from) merged.push(chunk)
      else pushChunks(merged, this.#zip(chunk, sorted.slice(from, to)))
      from = to
    }
    if (last < 0) pushChunks(merged, sorted)
    this.#chunks = merged
    this.#size += sorted.length
  }

  /** Place of the first item that is not before the section. */
  first(section: Section<T>): ListPlace {
    return this.#search(section, false, this.begin)
  }

  /** Place of the first item after the section, which begins at `from`. */
  after(section: Section<T>, from: ListPlace = this.begin): ListPlace {
    return this.#search(section, true, from)
  }

  /** A copy of the items between two places, at most `countMax`. */
  slice(from: ListPlace = 0, to: ListPlace = this.end, countMax: number = this.#size): T[] {
    let at = Math.floor(from / PLACE_SPAN)
    const lastAt = Math.floor(to / PLACE_SPAN)
    let offset = from % PLACE_SPAN
    let left = countMax
    const pieces: T[][] = []
    while (left > 0 && at <= lastAt && at < this.#chunks.length) {
      const chunk = this.#chunks[at]!
      const stop = Math.min(at === lastAt ? to % PLACE_SPAN : chunk.length, offset + left)
      if (stop > offset) pieces.push(chunk.slice(offset, stop))
      left -= stop - offset
      offset = 0
      at++
    }
    return pieces.length < 2 ? (pieces[0] ?? []) : pieces[0]!.concat(...pieces.slice(1))
  }

  /**
   * The items between two places, in pieces. The list must not change during the iteration, nor the
   * pieces ever.
   */
  *pieces(from: ListPlace = 0, to: ListPlace = this.end): IterableIterator<readonly T[]> {
    const lastAt = Math.floor(to / PLACE_SPAN)
    let offset = from % PLACE_SPAN
    for (let at = Math.floor(from / PLACE_SPAN); at <= lastAt && at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at]!
      const stop = at === lastAt ? to % PLACE_SPAN : chunk.length
      yield offset === 0 && stop === chunk.length ? chunk : chunk.slice(offset, stop)
      offset = 0
    }
  }

  /** Throws if an invariant of the list is broken. For tests; reads every item. */
  check(): void {
    let size = 0
    let before: T | undefined
    for (const chunk of this.#chunks) {
      assert(chunk.length > 0 && chunk.length <= CHUNK_ITEMS_MAX, `a chunk of ${chunk.length}`)
      for (const item of chunk) {
        assert(size === 0 || this.#compare(before as T, item) < 0, `out of order at ${size}`)
        before = item
        size++
      }
    }
    assert(size === this.#size, `holds ${size}, counts ${this.#size}`)
  }

  /** Index of the first chunk whose last item is not before this one. */
  #chunkOf(item: T): number {
    const chunks = this.#chunks
    let low = 0
    let high = chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = chunks[middle]!
      if (this.#compare(chunk[chunk.length - 1]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #offsetOf(chunk: readonly T[], item: T): number {
    let low = 0
    let high = chunk.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(chunk[middle]!, item) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Place of the first item, from `from` on, that is in the section or after it; `past`: after it. */
  #search(section: Section<T>, past: boolean, from: ListPlace): ListPlace {
    const chunks = this.#chunks
    let at = Math.floor(from / PLACE_SPAN)
    let high = chunks.length
    while (at < high) {
      const middle = (at + high) >>> 1
      const chunk = chunks[middle]!
      if (isReached(section(chunk[chunk.length - 1]!), past)) high = middle
      else at = middle + 1
    }
    const chunk = chunks[at]
    if (!chunk) return this.end
    let low = 0
    high = chunk.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (isReached(section(chunk[middle]!), past)) high = middle
      else low = middle + 1
    }
    return at * PLACE_SPAN + low
  }

  #append(item: T): void {
    const last = this.#chunks.at(-1)
    if (last && last.length < CHUNK_ITEMS_MAX) last.push(item)
    else this.#chunks.push([item])
  }

  #split(at: number): void {
    const chunk = this.#chunks[at]!
    const half = chunk.length >>> 1
    this.#chunks.splice(at, 1, chunk.slice(0, half), chunk.slice(half))
  }

  #removeAt(at: number, offset: number): void {
    const chunk = this.#chunks[at]!
    chunk.splice(offset, 1)
    this.#size--
    if (chunk.length >= CHUNK_ITEMS_MIN) return
    const next = this.#chunks[at + 1]
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    else if (next && chunk.length + next.length <= CHUNK_ITEMS_BUILT) {
      this.#chunks.splice(at, 2, chunk.concat(next))
    }
  }

  /** Merges two sorted arrays. `right` is often much shorter, so each of its items is looked up. */
  #zip(left: readonly T[], right: readonly T[]): T[] {
    const both: T[] = []
    let l = 0
    for (const item of right) {
      const to = this.#countBefore(left, l, item)
      while (l < to) both.push(left[l++]!)
      both.push(item)
    }
    while (l < left.length) both.push(left[l++]!)
    return both
  }

  /**
   * Index of the first item in `sorted`, from `from` on, that is not before `bound`: a galloping
   * search.
   */
  #countBefore(sorted: readonly T[], from: number, bound: T): number {
    let low = from
    let step = 1
    while (low + step <= sorted.length && this.#compare(sorted[low + step - 1]!, bound) < 0) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step - 1, sorted.length)
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(sorted[middle]!, bound) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

function isReached(side: number, past: boolean): boolean {
  return past ? side > 0 : side >= 0
}

function pushChunks<T>(chunks: T[][], items: readonly T[]): void {
  if (items.length <= CHUNK_ITEMS_MAX) {
    if (items.length > 0) chunks.push(items.slice())
    return
  }
  const count = Math.ceil(items.length / CHUNK_ITEMS_BUILT)
  const each = Math.ceil(items.length / count)
  for (let from = 0; from < items.length; from += each) chunks.push(items.slice(from, from + each))
}
