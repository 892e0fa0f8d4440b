/**
 * Finds the watchers that a change can affect: each watcher is registered under values, or a range
 * of values, of one field that every matching row must have, and a change looks up the values of
 * its row. Watchers without such a condition are returned for every change.
 */
import type { AnyRow } from '../schema/types.ts'
import { type RowAccess, kindOf } from './compare.ts'
import { type Filter, type RangeTest, isRange } from './filter.ts'
import { type Range, Ranges, rangeOf } from './ranges.ts'

/** A query that changes may affect. */
export interface Watcher {
  readonly filter: Filter
  /** The last round in which this watcher was found; written by the router only. */
  foundIn: number
}

type Address =
  | { readonly field: string; readonly value: unknown }
  | { readonly field: string; readonly kind: number; readonly range: Range }

/** The watchers of one field: by value, and by range for each kind of values. */
interface FieldRoutes<W> {
  readonly field: string
  readonly byValue: Map<unknown, Set<W>>
  readonly ranges: Map<number, Ranges<W>>
}

/** A watcher with more addresses than this is returned for every change. */
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
    for (const address of addresses ?? []) {
      let routes = this.#routes(address)
      if (!routes) {
        routes = { field: address.field, byValue: new Map(), ranges: new Map() }
        this.#fields.push(routes)
      }
      place(routes, address, watcher)
    }
  }

  remove(watcher: W): void {
    for (const address of this.#addresses.get(watcher) ?? []) {
      const routes = this.#routes(address)
      if (routes) displace(routes, address, watcher)
    }
    this.#fields = this.#fields.filter(({ byValue, ranges }) => byValue.size + ranges.size > 0)
    this.#everywhere.delete(watcher)
    this.#addresses.delete(watcher)
  }

  /** Starts a round: adds to `found` the watchers of every change. */
  start(found: W[]): void {
    this.#round++
    for (const watcher of this.#everywhere) found.push(watcher)
  }

  /** Adds to `found` the watchers of this entry that this round has not found yet. */
  find(entry: AnyRow, found: W[]): void {
    const take = (watcher: W): void => {
      if (watcher.foundIn === this.#round) return
      watcher.foundIn = this.#round
      found.push(watcher)
    }
    for (const { field, byValue, ranges } of this.#fields) {
      const value = field.startsWith('$') ? this.#access.rowOf(entry)[field] : entry[field]
      byValue.get(value)?.forEach(take)
      if (ranges.size > 0) ranges.get(kindOf(value))?.find(value, take)
    }
  }

  #routes({ field }: Address): FieldRoutes<W> | undefined {
    return this.#fields.find((other) => other.field === field)
  }

  /** The choice with the fewest other watchers, so that no address is crowded. */
  #leastCrowded(all: readonly (readonly Address[])[]): readonly Address[] | undefined {
    let best: readonly Address[] | undefined
    let bestCrowd = Infinity
    for (const addresses of all) {
      let crowd = 0
      for (const address of addresses) {
        const routes = this.#routes(address)
        if (routes) crowd = Math.max(crowd, crowdAt(routes, address))
      }
      if (crowd >= bestCrowd) continue
      best = addresses
      bestCrowd = crowd
    }
    return best
  }
}

function place<W>({ byValue, ranges }: FieldRoutes<W>, address: Address, watcher: W): void {
  if ('range' in address) {
    const there = ranges.get(address.kind) ?? new Ranges<W>()
    ranges.set(address.kind, there)
    there.add(address.range, watcher)
    return
  }
  const there = byValue.get(address.value)
  if (there) there.add(watcher)
  else byValue.set(address.value, new Set([watcher]))
}

function displace<W>({ byValue, ranges }: FieldRoutes<W>, address: Address, watcher: W): void {
  if ('range' in address) {
    const there = ranges.get(address.kind)
    there?.remove(watcher)
    if (there?.size === 0) ranges.delete(address.kind)
    return
  }
  const there = byValue.get(address.value)
  there?.delete(watcher)
  if (there?.size === 0) byValue.delete(address.value)
}

/** The maximum number of other watchers that a change at this address finds. */
function crowdAt<W>({ byValue, ranges }: FieldRoutes<W>, address: Address): number {
  if ('range' in address) return ranges.get(address.kind)?.crowd(address.range) ?? 0
  return byValue.get(address.value)?.size ?? 0
}

/** Each choice is a set of addresses; every matching row has at least one of them. */
function choices(filter: Filter): readonly (readonly Address[])[] {
  if (isRange(filter)) return [[atRange([filter])]]
  if (filter.op === 'eq') return atValues(filter.field, [filter.value])
  if (filter.op === 'in') return atValues(filter.field, filter.values)
  if (filter.op === 'and') {
    const others = filter.parts.filter((part) => !isRange(part))
    return [...others.flatMap(choices), ...rangesAmong(filter.parts)]
  }
  const each = filter.parts.map((part) => choices(part)[0])
  const together = each.flatMap((addresses) => addresses ?? [])
  return each.includes(undefined) || together.length > ADDRESSES_MAX ? [] : [together]
}

/** One choice for each field with bounds. */
function rangesAmong(parts: readonly Filter[]): readonly (readonly Address[])[] {
  const byField = new Map<string, RangeTest[]>()
  for (const part of parts) {
    if (!isRange(part)) continue
    const tests = byField.get(part.field)
    if (tests) tests.push(part)
    else byField.set(part.field, [part])
  }
  return [...byField.values()].map((tests) => [atRange(tests)])
}

function atRange(tests: readonly RangeTest[]): Address {
  // Tests are grouped by field, and no group is empty.
  const { field, value } = tests[0]!
  return { field, kind: kindOf(value), range: rangeOf(tests) }
}

/** Only values that a Map finds by equality have an address. */
function atValues(field: string, values: readonly unknown[]): readonly (readonly Address[])[] {
  const findable = values.every(
    (value) => value === null || (value !== undefined && typeof value !== 'object'),
  )
  return findable && values.length <= ADDRESSES_MAX
    ? [values.map((value) => ({ field, value }))]
    : []
}
