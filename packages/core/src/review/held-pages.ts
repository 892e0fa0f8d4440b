/**
 * Encoded pages of snapshots that a process keeps in memory, within one bound for all of its spaces.
 * Over the bound, the least recently used pages are discarded; their snapshot encodes them again
 * from its scan.
 */
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import { CacheBudget } from './cache-budget.ts'
import { Lru } from './lru.ts'

/** The owner of a list of pages; compared by identity. */
export interface PagesOwner {
  /** They cannot be encoded again, and a link is reading them. */
  readonly isPinned: boolean
}

interface Held {
  readonly owner: PagesOwner
  readonly texts: readonly string[]
  readonly bytes: Bytes
}

export class HeldPages {
  readonly #budget: CacheBudget
  readonly #held: Lru<object, Held>

  constructor(bytesMax: number) {
    this.#budget = new CacheBudget(bytesMax)
    this.#held = new Lru<object, Held>(this.#budget, {
      sizeOf: ({ bytes }) => bytes,
      mayGo: ({ owner }) => !owner.isPinned,
    })
  }

  /** UTF-8 bytes of all texts. */
  get bytes(): number {
    return this.#held.size
  }

  has(key: object): boolean {
    return this.#held.has(key)
  }

  get(key: object): readonly string[] | undefined {
    return this.#held.get(key)?.texts
  }

  /** Keeps the texts if there is room for them. */
  keep(key: object, texts: readonly string[], owner: PagesOwner): void {
    const bytes = texts.reduce((sum, text) => addBytes(sum, utf8Bytes(text)), NO_BYTES)
    this.#held.set(key, { owner, texts, bytes })
    this.#budget.trim()
  }

  delete(key: object): void {
    this.#held.delete(key)
  }
}
