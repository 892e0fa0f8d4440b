/**
 * Scopes that are followed part by part, for one purpose that grows: what has come is not sent again with
 * the next part. A part that has everything takes the place of those before it when it is here, so that
 * there are never many: a link has few scopes.
 */
import type { Scopes } from '../../sync/scopes.ts'
import type { Scope } from '../../wire/scopes.ts'

/** Scopes of one purpose, about. */
const SCOPES_AIM = 32

interface ScopePart<T> {
  readonly scopes: readonly Scope[]
  readonly about: T
  /** It has the rows of all parts before it, too. */
  readonly isAll: boolean
  readonly release: () => void
  /** All of its rows have come, once. */
  isHere: boolean
}

export class ScopeParts<T> {
  readonly #scopes: Scopes
  readonly #onChange: () => void
  readonly #stopListening: () => void
  #parts: ScopePart<T>[] = []

  /** Calls `onChange` when parts are here, and when they are covered or not. */
  constructor(scopes: Scopes, onChange: () => void) {
    this.#scopes = scopes
    this.#onChange = onChange
    this.#stopListening = scopes.subscribe(() => this.#look())
  }

  /** What was said of the newest part that is here; undefined: none is. */
  get here(): T | undefined {
    return this.#parts.findLast(({ isHere }) => isHere)?.about
  }

  /** Whether a part is not here yet. */
  get isWaiting(): boolean {
    return this.#parts.some(({ isHere }) => !isHere)
  }

  /** Whether all rows of the parts that are here are up to date with the position. */
  get isCovered(): boolean {
    const here = this.#parts.filter(({ isHere }) => isHere)
    return this.#scopes.covers(here.flatMap(({ scopes }) => scopes))
  }

  /** Whether the next part, of so many scopes, has to have everything. */
  isFull(count: number): boolean {
    return this.#parts.reduce((sum, { scopes }) => sum + scopes.length, count) > SCOPES_AIM
  }

  add(scopes: readonly Scope[], { about, isAll }: Pick<ScopePart<T>, 'about' | 'isAll'>): void {
    const release = this.#scopes.follow(scopes)
    this.#parts.push({ scopes, about, isAll, release, isHere: false })
    this.#look()
  }

  /** Follows nothing any more. */
  end(): void {
    this.#stopListening()
    for (const { release } of this.#parts) release()
  }

  /** Other scopes are covered. */
  #look(): void {
    for (const part of this.#parts)
      if (!part.isHere && this.#scopes.covers(part.scopes)) part.isHere = true
    const all = this.#parts.findLastIndex(({ isAll, isHere }) => isAll && isHere)
    for (const { release } of this.#parts.splice(0, Math.max(0, all))) release()
    this.#onChange()
  }
}
