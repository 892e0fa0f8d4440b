/**
 * The scopes that a store follows, and which of them it has in full. A scope is followed as long as
 * somebody needs it; it is covered once the reviewer has sent all of its rows, from then on up to the
 * position of the store.
 */
import { assert } from '../base/assert.ts'
import { SCOPES_MAX, type Scope, containsScope, scopeKey } from '../wire/scopes.ts'

interface Followed {
  readonly scope: Scope
  /** How many need it. */
  holders: number
  isCovered: boolean
}

/** Follows all rows of these types for ever. */
export class Scopes {
  readonly #followed = new Map<string, Followed>()
  readonly #listeners = new Set<() => void>()
  /** Counts the changes of what is covered. */
  version = 0
  /** Called when other scopes are to be asked for; set by the present link. */
  onWanted: () => void = () => {}

  constructor(types: readonly string[]) {
    for (const type of types) this.follow([{ type, equal: [] }])
  }

  /** By key; those that are needed first come first. */
  get wanted(): ReadonlyMap<string, Scope> {
    const all = [...this.#followed].slice(0, SCOPES_MAX)
    return new Map(all.map(([key, { scope }]) => [key, scope]))
  }

  /** Keys of the scopes all of whose rows are here. */
  get whole(): ReadonlySet<string> {
    const all = [...this.#followed].filter(([, { isCovered }]) => isCovered)
    return new Set(all.map(([key]) => key))
  }

  /** Follows scopes until the returned function is called. */
  follow(scopes: readonly Scope[]): () => void {
    for (const scope of scopes) {
      const key = scopeKey(scope)
      const known = this.#followed.get(key)
      if (known) known.holders++
      else this.#followed.set(key, { scope, holders: 1, isCovered: false })
    }
    this.onWanted()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      for (const scope of scopes) this.#release(scopeKey(scope))
      this.onWanted()
    }
  }

  #release(key: string): void {
    const known = this.#followed.get(key)
    assert(known && known.holders > 0, 'a scope that is released was followed')
    if (--known.holders > 0) return
    this.#followed.delete(key)
    if (known.isCovered) this.version++
  }

  /** The rows of these scopes are all here, and of no others. */
  cover(keys: ReadonlySet<string>): void {
    let isOther = false
    for (const [key, followed] of this.#followed) {
      if (followed.isCovered === keys.has(key)) continue
      followed.isCovered = keys.has(key)
      isOther = true
    }
    if (!isOther) return
    this.version++
    for (const listener of [...this.#listeners]) listener()
  }

  /** Whether all rows of these scopes are here. */
  covers(scopes: readonly Scope[]): boolean {
    const covered = [...this.#followed.values()].filter(({ isCovered }) => isCovered)
    return scopes.every((inner) => covered.some(({ scope }) => containsScope(scope, inner)))
  }

  /** Calls `listener` when other scopes are covered. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }
}
