/**
 * The shared budget of all caches of one kind, in all spaces of a process. When they exceed it, the
 * largest caches are trimmed first, oldest items first; a small cache keeps its items.
 *
 *   budget 15, caches of 1, 2, 9 and 9 ─▶ 1, 2, 6 and 6
 */

/** A cache that a budget may trim. */
export interface BudgetedCache {
  /** In the unit of the budget. */
  readonly size: number
  /** A decision is using its items: it is not trimmed until the decision is over. */
  readonly isHeld: boolean
  /** Evicts its oldest evictable items, until its size is at most `max`. */
  trimTo(max: number): void
}

/** A budget and the caches that share it. Its unit is the unit of their sizes: bytes or items. */
export class CacheBudget {
  readonly #max: number
  readonly #caches = new Set<BudgetedCache>()

  constructor(max: number) {
    this.#max = max
  }

  join(cache: BudgetedCache): void {
    this.#caches.add(cache)
  }

  leave(cache: BudgetedCache): void {
    this.#caches.delete(cache)
  }

  /** Trims the caches to the budget. Always safe: a missing item is loaded again. */
  trim(): void {
    const max = this.#sizeMax()
    for (const cache of this.#caches) if (cache.size > max && !cache.isHeld) cache.trimTo(max)
  }

  /** The maximum size of each cache for which all of them fit. */
  #sizeMax(): number {
    const sizes = [...this.#caches].map(({ size }) => size).sort((a, b) => a - b)
    let left = this.#max
    for (const [i, size] of sizes.entries()) {
      const even = left / (sizes.length - i)
      if (size > even) return even
      left -= size
    }
    return Infinity
  }
}
