/**
 * Finds whom a change can concern: each watcher stands under values of one field that every
 * row it matches must have, and a change looks up the values of its row. Watchers whose filter
 * asks for no such value are asked about every change.
 */
import type { AnyRow } from '../schema/types.ts'
import type { RowAccess } from './compare.ts'
import type { Filter } from './filter.ts'

/** Something that a change may concern. */
export interface Watcher {
  readonly filter: Filter
  /** The last round this watcher was found in; written by the router only. */
  foundIn: number
}

interface Address {
  readonly field: string
  readonly value: unknown
}

/** The watchers of one field, by value. */
interface FieldRoutes<W> {
  readonly field: string
  readonly byValue: Map<unknown, Set<W>>
}

/** A watcher that would stand in more places than this is asked about every change. */
export const ADDRESSES_MAX = 256

export class Router<W extends Watcher> {
  readonly #access: RowAccess
  readonly #addresses = new Map<W, readonly Address[] | undefined>()
  readonly #everywhere = new Set<W>()
  #fields: FieldRoutes<W>[] = []
  #round = 0

  constructor(access: RowAccess) {
    this.#access = access
  }

  get size(): number {
    return this.#addresses.size
  }

  add(watcher: W): void {
    const addresses = this.#leastCrowded(choices(watcher.filter))
    this.#addresses.set(watcher, addresses)
    if (!addresses) this.#everywhere.add(watcher)
    for (const { field, value } of addresses ?? []) {
      let routes = this.#fields.find((other) => other.field === field)
      if (!routes) this.#fields.push((routes = { field, byValue: new Map() }))
      const there = routes.byValue.get(value)
      if (there) there.add(watcher)
      else routes.byValue.set(value, new Set([watcher]))
    }
  }

  remove(watcher: W): void {
    for (const { field, value } of this.#addresses.get(watcher) ?? []) {
      const routes = this.#fields.find((other) => other.field === field)
      const there = routes?.byValue.get(value)
      there?.delete(watcher)
      if (there?.size === 0) routes?.byValue.delete(value)
    }
    this.#fields = this.#fields.filter((routes) => routes.byValue.size > 0)
    this.#everywhere.delete(watcher)
    this.#addresses.delete(watcher)
  }

  /** Starts a round: adds to `found` whoever watches everything. */
  start(found: W[]): void {
    this.#round++
    for (const watcher of this.#everywhere) found.push(watcher)
  }

  /** Adds to `found` the watchers of this entry that were not found in this round yet. */
  find(entry: AnyRow, found: W[]): void {
    for (const { field, byValue } of this.#fields) {
      const value = field.startsWith('$') ? this.#access.rowOf(entry)[field] : entry[field]
      const there = byValue.get(value)
      if (!there) continue
      for (const watcher of there) {
        if (watcher.foundIn === this.#round) continue
        watcher.foundIn = this.#round
        found.push(watcher)
      }
    }
  }

  /** The choice under which fewest others stand already, so that no value gathers a crowd. */
  #leastCrowded(all: readonly (readonly Address[])[]): readonly Address[] | undefined {
    let best: readonly Address[] | undefined
    let bestCrowd = Infinity
    for (const addresses of all) {
      let crowd = 0
      for (const { field, value } of addresses) {
        const routes = this.#fields.find((other) => other.field === field)
        crowd = Math.max(crowd, routes?.byValue.get(value)?.size ?? 0)
      }
      if (crowd >= bestCrowd) continue
      best = addresses
      bestCrowd = crowd
    }
    return best
  }
}

/** Each choice is a set of values of which every matching row has at least one. */
function choices(filter: Filter): readonly (readonly Address[])[] {
  if (filter.op === 'eq') return atValues(filter.field, [filter.value])
  if (filter.op === 'in') return atValues(filter.field, filter.values)
  if (filter.op === 'and') return filter.parts.flatMap(choices)
  if (filter.op !== 'or') return []
  const each = filter.parts.map((part) => choices(part)[0])
  const together = each.flatMap((addresses) => addresses ?? [])
  return each.includes(undefined) || together.length > ADDRESSES_MAX ? [] : [together]
}

/** Only values that a Map finds by meaning have an address. */
function atValues(field: string, values: readonly unknown[]): readonly (readonly Address[])[] {
  const findable = values.every(
    (value) => value === null || (value !== undefined && typeof value !== 'object'),
  )
  return findable && values.length <= ADDRESSES_MAX
    ? [values.map((value) => ({ field, value }))]
    : []
}
