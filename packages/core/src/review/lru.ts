/** An LRU cache with a share of a budget. */
import { assert } from '../base/assert.ts'
import type { BudgetedCache, CacheBudget } from './cache-budget.ts'

export interface LruOptions<V> {
  /** The size of an item in the unit of the budget. Default: 1. */
  readonly sizeOf?: (value: V) => number
  readonly mayGo?: (value: V) => boolean
  readonly isHeld?: () => boolean
}

export class Lru<K, V> implements BudgetedCache {
  readonly #budget: CacheBudget
  readonly #sizeOf: (value: V) => number
  readonly #mayGo: (value: V) => boolean
  readonly #isHeld: () => boolean
  /** In order of use, least recently used first. */
  readonly #items = new Map<K, V>()
  /** The key that was used last, which need not move: a decision asks for one item many times. */
  #newest: K | undefined
  #size = 0

  constructor(
    budget: CacheBudget,
    { sizeOf = () => 1, mayGo = () => true, isHeld = () => false }: LruOptions<V> = {},
  ) {
    this.#budget = budget
    this.#sizeOf = sizeOf
    this.#mayGo = mayGo
    this.#isHeld = isHeld
    budget.join(this)
  }

  get size(): number {
    return this.#size
  }

  get count(): number {
    return this.#items.size
  }

  get isHeld(): boolean {
    return this.#isHeld()
  }

  /** Without a use of it. */
  has(key: K): boolean {
    return this.#items.has(key)
  }

  get(key: K): V | undefined {
    const value = this.#items.get(key)
    if (value === undefined || key === this.#newest) return value
    this.#items.delete(key)
    this.#items.set(key, value)
    this.#newest = key
    return value
  }

  set(key: K, value: V): void {
    this.delete(key)
    this.#items.set(key, value)
    this.#newest = key
    this.#size += this.#sizeOf(value)
  }

  delete(key: K): void {
    const value = this.#items.get(key)
    if (value === undefined) return
    this.#items.delete(key)
    this.#size -= this.#sizeOf(value)
    assert(this.#size >= 0, 'the size of an item does not change')
  }

  entries(): IterableIterator<[K, V]> {
    return this.#items.entries()
  }

  trimTo(max: number): void {
    for (const [key, value] of this.#items) {
      if (this.#size <= max) return
      if (this.#mayGo(value)) this.delete(key)
    }
  }

  clear(): void {
    this.#items.clear()
    this.#size = 0
  }

  /** Clears the cache, and gives its share to the others. */
  leave(): void {
    this.clear()
    this.#budget.leave(this)
  }
}
