/**
 * Finds the watchers whose range contains a value (all values are of one kind), without looking at
 * others. An interval tree: an array sorted by lower bounds, read as a balanced tree whose nodes
 * know the highest upper bound below them. New ranges wait in a short list, so that opening many
 * queries does not sort each time.
 */
import { compareValues } from './compare.ts'
import type { RangeTest } from './filter.ts'

/** A position among values: just before a value (-1), at it (0) or just after it (1). */
interface Place {
  readonly value: unknown
  readonly side: -1 | 0 | 1
}

/** The positions that it contains, both ends included; an absent end is unbounded. */
export interface Range {
  readonly low: Place | undefined
  readonly high: Place | undefined
}

interface Watched<W> {
  readonly range: Range
  readonly watcher: W
}

/** Maximum ranges in the unsorted list. */
const WAITING_MAX = 32

/** The range of conditions on one field, at most one for each side. */
export function rangeOf(tests: readonly RangeTest[]): Range {
  let low: Place | undefined
  let high: Place | undefined
  for (const { op, value } of tests) {
    if (op === 'gt') low = { value, side: 1 }
    else if (op === 'gte') low = { value, side: 0 }
    else high = { value, side: op === 'lt' ? -1 : 0 }
  }
  return { low, high }
}

export class Ranges<W> {
  #sorted: Watched<W>[] = []
  /** By node: the highest upper bound of its subtree. */
  #highest: (Place | undefined)[] = []
  #waiting: Watched<W>[] = []
  /** Removed, but still in the sorted array. */
  #removed = new Set<W>()
  readonly #watchers = new Set<W>()

  /** Watchers with some range. */
  get size(): number {
    return this.#watchers.size
  }

  add(range: Range, watcher: W): void {
    // A removed watcher must not be found under its former range.
    if (this.#removed.has(watcher)) this.#sort()
    this.#watchers.add(watcher)
    this.#waiting.push({ range, watcher })
    if (this.#waiting.length > WAITING_MAX) this.#sort()
  }

  /** Removes all ranges of a watcher. */
  remove(watcher: W): void {
    if (!this.#watchers.delete(watcher)) return
    this.#waiting = this.#waiting.filter((watched) => watched.watcher !== watcher)
    this.#removed.add(watcher)
    if (this.#removed.size > WAITING_MAX) this.#sort()
  }

  /** Calls `found` for each range that contains the value; twice for a watcher with two of them. */
  find(value: unknown, found: (watcher: W) => void): void {
    this.#at({ value, side: 0 }, found)
  }

  /** The higher number of ranges that contain an end of this one. */
  crowd({ low, high }: Range): number {
    let most = 0
    for (const end of [low, high]) {
      let here = 0
      if (end) this.#at(end, () => here++)
      most = Math.max(most, here)
    }
    return most
  }

  #at(place: Place, found: (watcher: W) => void): void {
    for (const { range, watcher } of this.#waiting) if (holds(range, place)) found(watcher)
    this.#search(place, found, [0, this.#sorted.length])
  }

  #search(
    place: Place,
    found: (watcher: W) => void,
    [from, to]: readonly [from: number, to: number],
  ): void {
    if (from >= to) return
    const middle = (from + to) >> 1
    if (isBelow(this.#highest[middle], place)) return
    this.#search(place, found, [from, middle])
    const { range, watcher } = this.#sorted[middle]!
    if (range.low && comparePlaces(range.low, place) > 0) return
    if (!isBelow(range.high, place) && !this.#removed.has(watcher)) found(watcher)
    this.#search(place, found, [middle + 1, to])
  }

  #sort(): void {
    const kept = this.#sorted.filter(({ watcher }) => !this.#removed.has(watcher))
    this.#sorted = [...kept, ...this.#waiting].sort((a, b) => compareLows(a.range, b.range))
    this.#waiting = []
    this.#removed = new Set()
    this.#highest = Array.from<Place | undefined>({ length: this.#sorted.length })
    if (this.#sorted.length > 0) this.#measure(0, this.#sorted.length)
  }

  /** Fills `#highest` of a subtree, and returns that of its root. */
  #measure(from: number, to: number): Place | undefined {
    const middle = (from + to) >> 1
    let { high } = this.#sorted[middle]!.range
    if (from < middle) high = higher(high, this.#measure(from, middle))
    if (middle + 1 < to) high = higher(high, this.#measure(middle + 1, to))
    return (this.#highest[middle] = high)
  }
}

function holds({ low, high }: Range, place: Place): boolean {
  return !(low && comparePlaces(low, place) > 0) && !isBelow(high, place)
}

/** Whether an upper bound ends before the place. */
function isBelow(high: Place | undefined, place: Place): boolean {
  return high !== undefined && comparePlaces(high, place) < 0
}

function higher(a: Place | undefined, b: Place | undefined): Place | undefined {
  if (!a || !b) return undefined
  return comparePlaces(a, b) >= 0 ? a : b
}

function compareLows(a: Range, b: Range): number {
  if (!a.low || !b.low) return Number(a.low !== undefined) - Number(b.low !== undefined)
  return comparePlaces(a.low, b.low)
}

function comparePlaces(a: Place, b: Place): number {
  return compareValues(a.value, b.value) || a.side - b.side
}
