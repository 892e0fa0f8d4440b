/** A map of a stated size, which forgets what was asked for the longest time ago. */

export class Lru<K, V> {
  readonly #max: number
  readonly #sizeOf: (value: V) => number
  /** In the order of use, the oldest first. */
  readonly #items = new Map<K, V>()
  #size = 0

  /** `max` and `sizeOf` in any unit; by default every item is one. */
  constructor(max: number, sizeOf: (value: V) => number = () => 1) {
    this.#max = max
    this.#sizeOf = sizeOf
  }

  get size(): number {
    return this.#size
  }

  get count(): number {
    return this.#items.size
  }

  get(key: K): V | undefined {
    const value = this.#items.get(key)
    if (value === undefined) return undefined
    this.#items.delete(key)
    this.#items.set(key, value)
    return value
  }

  set(key: K, value: V): void {
    this.delete(key)
    this.#items.set(key, value)
    this.#size += this.#sizeOf(value)
  }

  delete(key: K): void {
    const value = this.#items.get(key)
    if (value === undefined) return
    this.#items.delete(key)
    this.#size -= this.#sizeOf(value)
  }

  entries(): IterableIterator<[K, V]> {
    return this.#items.entries()
  }

  /** Forgets the oldest items that may go, until the rest fits. */
  trim(mayGo: (value: V) => boolean = () => true): void {
    if (this.#size <= this.#max) return
    for (const [key, value] of this.#items) {
      if (this.#size <= this.#max) return
      if (mayGo(value)) this.delete(key)
    }
  }

  clear(): void {
    this.#items.clear()
    this.#size = 0
  }
}
