/**
 * The followers of scopes, by type and by the first equality of a scope, or else by its range, or by
 * its ids: a commit looks up the values of the rows that it touches, however many scopes are
 * followed.
 */
import { isInScope, valuesOf } from '../fold/in-scope.ts'
import type { Uuid } from '../base/uuid.ts'
import { type EntityState, createdOf } from '../fold/state.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import type { Scope, ScopeValue } from '../wire/scopes.ts'
import { RangeIndex } from './range-index.ts'

interface Followed<T> {
  readonly scope: Scope
  readonly by: T
}

interface OfType<T> {
  /** Of scopes without equalities and range. */
  readonly whole: Set<Followed<T>>
  /** Of scopes with a range alone. */
  readonly ranges: Map<Reg, RangeIndex<T>>
  readonly byId: Map<Uuid, Set<Followed<T>>>
  readonly byReg: Map<Reg, Map<ScopeValue, Set<Followed<T>>>>
}

/** The scopes of all links. `T`: a follower, which follows each scope once. */
export class ScopeIndex<T> {
  readonly #types = new Map<string, OfType<T>>()

  /** Adds a scope. Returns a function that removes it. */
  add(scope: Scope, by: T): () => void {
    const { type, equal, range, ids } = scope
    let ofType = this.#types.get(type)
    if (!ofType) this.#types.set(type, (ofType = emptyType()))
    const { whole, ranges, byId, byReg } = ofType
    const followed = { scope, by }
    if (ids) {
      for (const id of ids) addTo(byId, id, followed)
      return () => {
        for (const id of ids) removeFrom(byId, id, followed)
        this.#dropEmpty(type)
      }
    }
    const [first] = equal
    if (!first && range) {
      const ofReg = ranges.get(range.reg) ?? new RangeIndex<T>()
      ranges.set(range.reg, ofReg)
      const remove = ofReg.add(range, by)
      return () => {
        remove()
        if (ofReg.size === 0) ranges.delete(range.reg)
        this.#dropEmpty(type)
      }
    }
    if (!first) {
      whole.add(followed)
      return () => {
        whole.delete(followed)
        this.#dropEmpty(type)
      }
    }
    const [reg, value] = first
    const byValue = byReg.get(reg) ?? new Map<ScopeValue, Set<Followed<T>>>()
    byReg.set(reg, byValue)
    addTo(byValue, value, followed)
    return () => {
      removeFrom(byValue, value, followed)
      if (byValue.size === 0) byReg.delete(reg)
      this.#dropEmpty(type)
    }
  }

  /** Whether any scope is of that type. */
  has(type: string): boolean {
    return this.#types.has(type)
  }

  /** Adds the followers of a row in that state to `found`. */
  find(type: string, state: EntityState, table: RegisterTable, found: Set<T>): void {
    const ofType = this.#types.get(type)
    if (!ofType) return
    for (const { by } of ofType.whole) found.add(by)
    for (const { by } of ofType.byId.get(createdOf(state).entityId) ?? []) found.add(by)
    for (const [reg, ranges] of ofType.ranges)
      for (const value of valuesOf(state, reg, table)) ranges.find(value, (by) => found.add(by))
    for (const [reg, byValue] of ofType.byReg)
      for (const value of valuesOf(state, reg, table))
        for (const { scope, by } of byValue.get(value) ?? [])
          if (!found.has(by) && isInScope(state, scope, table)) found.add(by)
  }

  #dropEmpty(type: string): void {
    const ofType = this.#types.get(type)
    if (!ofType) return
    const { whole, ranges, byId, byReg } = ofType
    if (whole.size + ranges.size + byId.size + byReg.size === 0) this.#types.delete(type)
  }
}

function emptyType<T>(): OfType<T> {
  return { whole: new Set(), ranges: new Map(), byId: new Map(), byReg: new Map() }
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key)
  if (set) set.add(value)
  else sets.set(key, new Set([value]))
}

function removeFrom<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const set = sets.get(key)
  set?.delete(value)
  if (set?.size === 0) sets.delete(key)
}
