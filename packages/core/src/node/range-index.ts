/**
 * An index of ranges by the values in them: a tree in the order of their lower bounds, each node
 * with the highest upper bound below it. It is built when it is searched first after a change.
 */
import { assert } from '../base/assert.ts'
import { type ScopeRange, isInRange } from '../wire/scope-range.ts'

interface Item<T> {
  readonly range: ScopeRange
  readonly of: T
}

type Value = string | number

/** Ranges of numbers, or of texts. */
class Tree<T> {
  readonly #items: readonly Item<T>[]
  /** By the middle of a part: the highest upper bound in it; undefined: there is none. */
  readonly #ends: (Value | undefined)[] = []

  constructor(items: readonly Item<T>[]) {
    this.#items = [...items].sort((a, b) => compareStarts(a.range, b.range))
    this.#build(0, items.length)
  }

  find(value: Value, found: (of: T) => void, low = 0, high: number = this.#items.length): void {
    if (low >= high) return
    const middle = (low + high) >> 1
    const end = this.#ends[middle]
    if (end !== undefined && value > end) return
    this.find(value, found, low, middle)
    const { range, of } = this.#items[middle]!
    if (range.from && value < range.from.value) return
    if (isInRange(value, range)) found(of)
    this.find(value, found, middle + 1, high)
  }

  #build(low: number, high: number): Value | undefined {
    const middle = (low + high) >> 1
    const parts = [this.#items[middle]!.range.to?.value]
    if (low < middle) parts.push(this.#build(low, middle))
    if (middle + 1 < high) parts.push(this.#build(middle + 1, high))
    const end = parts.reduce((a, b) =>
      a === undefined || b === undefined ? undefined : a > b ? a : b,
    )
    this.#ends[middle] = end
    return end
  }
}

function compareStarts({ from: a }: ScopeRange, { from: b }: ScopeRange): number {
  if (!a || !b) return Number(a !== undefined) - Number(b !== undefined)
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}

/** Ranges of one register, each with its owner. */
export class RangeIndex<T> {
  readonly #items = new Set<Item<T>>()
  #trees: Map<string, Tree<T>> | undefined

  get size(): number {
    return this.#items.size
  }

  /** Adds a range. Returns a function that removes it. */
  add(range: ScopeRange, of: T): () => void {
    const item = { range, of }
    this.#items.add(item)
    this.#trees = undefined
    return () => {
      assert(this.#items.delete(item), 'a range is removed once')
      this.#trees = undefined
    }
  }

  /** Calls `found` for each range that the value is in. */
  find(value: unknown, found: (of: T) => void): void {
    if (typeof value !== 'number' && typeof value !== 'string') return
    this.#trees ??= this.#built()
    this.#trees.get(typeof value)?.find(value, found)
  }

  #built(): Map<string, Tree<T>> {
    const kinds = Map.groupBy(
      this.#items,
      ({ range: { from, to } }) => typeof (from ?? to)?.value as string,
    )
    return new Map([...kinds].map(([kind, items]) => [kind, new Tree(items)]))
  }
}
