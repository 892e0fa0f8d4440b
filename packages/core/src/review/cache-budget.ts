/**
 * What the caches of one kind may hold together, in all spaces of a process. Where they hold more,
 * the largest give first, each its oldest items; a small cache keeps what it has.
 *
 *   budget 15, caches of 1, 2, 9 and 9 ─▶ 1, 2, 6 and 6
 */

/** A cache that a budget may trim. */
export interface BudgetedCache {
  /** In the unit of the budget. */
  readonly size: number
  /** A decision relies on what it holds: it is trimmed when that is over. */
  readonly isHeld: boolean
  /** Forgets its oldest items that may go, until the rest fits. */
  trimTo(max: number): void
}

/** One budget, and the caches that share it. Its unit is that of their sizes: bytes, or items. */
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

  /** Evicting is always legal: what is missing later is loaded again. */
  trim(): void {
    const max = this.#sizeMax()
    for (const cache of this.#caches) if (cache.size > max && !cache.isHeld) cache.trimTo(max)
  }

  /** The size of the largest cache, so that all of them fit. */
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
