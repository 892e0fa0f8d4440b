/**
 * The scopes that a store follows, and which of them it has in full. A scope is followed while it
 * has a user; it is covered once the reviewer has sent all of its rows, from then on up to the
 * position of the store.
 */
import { assert } from '../base/assert.ts'
import type { ReachFields } from '../wire/reach-frame.ts'
import { SCOPES_MAX, type Scope, containsScope, scopeKey } from '../wire/scopes.ts'

/** A scope, and how many need it. */
export interface UsedScope {
  readonly scope: Scope
  /** Number of users. */
  holders: number
  isCovered: boolean
}

/** A question how far the next rows of scopes reach: for a page of a query that is opened. */
export interface Reach {
  /** As it stands when it is sent. */
  readonly question: () => Omit<ReachFields, 'no'>
  /** Called once: the value that ends these rows, null where no row is beyond them. */
  readonly answered: (to: string | number | null) => void
}

/** Follows all rows of these types for ever. */
export class Scopes {
  readonly #followed = new Map<string, UsedScope>()
  readonly #listeners = new Set<() => void>()
  readonly #asked = new Set<Reach>()
  /** Number of changes of the covered scopes. */
  version = 0
  /** Called when other scopes are to be requested; set by the present link. */
  onWanted: () => void = () => {}
  /** Called when there is a question; set by the present link. */
  onAsked: () => void = () => {}

  constructor(types: readonly string[]) {
    for (const type of types) this.follow([{ type, equal: [] }])
  }

  /** All of them, in the order in which they were needed. */
  get followed(): readonly Readonly<UsedScope>[] {
    return [...this.#followed.values()]
  }

  /** By key, in the order in which they were needed. */
  get wanted(): ReadonlyMap<string, Scope> {
    const all = [...this.#followed].slice(0, SCOPES_MAX)
    return new Map(all.map(([key, { scope }]) => [key, scope]))
  }

  /** Keys of the scopes that are covered. */
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

  /** Questions without an answer. */
  get asked(): ReadonlySet<Reach> {
    return this.#asked
  }

  /** Asks until there is an answer, or the returned function is called. */
  ask(reach: Reach): () => void {
    this.#asked.add(reach)
    this.onAsked()
    return () => void this.#asked.delete(reach)
  }

  /** Removes a request. False where it has no caller any more. */
  answered(reach: Reach): boolean {
    return this.#asked.delete(reach)
  }

  #release(key: string): void {
    const known = this.#followed.get(key)
    assert(known && known.holders > 0, 'a scope that is released was followed')
    if (--known.holders > 0) return
    this.#followed.delete(key)
    if (known.isCovered) this.version++
  }

  /** Sets the covered scopes: these, and no others. */
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

  /** Whether all of these scopes are covered. */
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
