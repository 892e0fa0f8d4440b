/**
 * Queries over the rows of one type. Owns its declared indexes, the views of open queries and
 * the routing of changes to them. Receives each changed row and reads all rows on demand; knows
 * nothing of messages, storage or coverage.
 *
 * Invariants: S15 index = scan; a change costs only the queries it affects, however many are open;
 * an array is built when it is read, never when a row is written; a query without subscribers
 * keeps nothing but an entry in a bounded cache.
 */
import type { RowSink } from '../rows/sink.ts'
import type { Entity } from '../schema/entity.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import type { AbsentRows } from './absent.ts'
import { Arrangement } from './arrangement.ts'
import { type CompareOrder, type RowAccess, compareOrderKeys } from './compare.ts'
import { type EngineQuery, type LiveHost, LiveRows } from './live-rows.ts'
import type { Predicate } from './predicate.ts'
import { Request, isInMode } from './request.ts'
import { Router } from './router.ts'
import { PICKED_ROWS_MAX, firstRows, sortRows } from './sort-rows.ts'
import { type RowChange, StandIns, type Variants, pick } from './stand-ins.ts'
import { View } from './view.ts'

export type { EngineQuery, QueryStats } from './live-rows.ts'

/** Maximum cached queries without subscribers, so that a repeated query returns the same array. */
export const IDLE_QUERIES_MAX = 256

/** Functions of the owner of the rows. */
export interface RowFunctions {
  /**
   * Canonical order without building keys. Absent: compares `$orderKey` and `$createdOrderKey` as
   * text.
   */
  readonly compareOrder?: CompareOrder
  /** The other values under which a query finds a row, as stand-ins of it. */
  readonly variants?: Variants
}

export interface EngineStats {
  /** Queries with subscribers. */
  readonly open: number
  /** Cached queries without subscribers. */
  readonly idle: number
  /** Distinct filters and orders with subscribers. */
  readonly views: number
}

export class QueryEngine implements RowSink {
  readonly #entity: Entity
  readonly #allRows: () => Iterable<AnyRow>
  readonly #standIns: StandIns
  readonly #access: RowAccess
  /** Declared indexes, of rows that are not archived. */
  readonly #indexes: ReadonlyMap<string, Arrangement>
  readonly #router: Router<View>
  readonly #views = new Map<string, View>()
  readonly #open = new Map<string, LiveRows>()
  readonly #idle = new Map<string, LiveRows>()
  readonly #host: LiveHost
  #touched: LiveRows[] = []
  #version = 0

  /** `rows` returns all rows, archived ones too; existing ones are added now. */
  constructor(entity: Entity, rows: () => Iterable<AnyRow>, functions: RowFunctions = {}) {
    this.#entity = entity
    this.#allRows = rows
    this.#standIns = new StandIns(functions.variants)
    this.#access = {
      rowOf: (entry) => this.#standIns.rowOf(entry),
      compareOrder: functions.compareOrder ?? compareOrderKeys,
    }
    this.#router = new Router(this.#access)
    this.#indexes = new Map(
      [...entity.indexes].map(([name, keys]) => [name, new Arrangement(keys, this.#access)]),
    )
    this.#host = this.#makeHost()
    for (const row of rows()) this.changed(undefined, row)
  }

  get stats(): EngineStats {
    return { open: this.#open.size, idle: this.#idle.size, views: this.#views.size }
  }

  changed(before: AnyRow | undefined, after: AnyRow | undefined): void {
    this.#version++
    const change: RowChange = {
      before,
      beforeArchived: before !== undefined && before.$archived,
      beforeStandIns: before && this.#standIns.of(before),
      after,
      afterArchived: after !== undefined && after.$archived,
      afterStandIns: after && this.#standIns.ask(after),
    }
    if (this.#router.size > 0) {
      for (const view of this.#concerned(change)) view.change(change)
    }
    if (this.#indexes.size > 0) this.#changeIndexes(change)
    this.#standIns.settle(change)
  }

  emit(onError: (error: unknown) => void): void {
    if (this.#touched.length === 0) return
    const touched = this.#touched
    this.#touched = []
    for (const query of touched) query.emit(onError)
  }

  /** The current rows of a query. */
  query(query: Query<Entity> = {}): readonly AnyRow[] {
    return Object.freeze(
      this.#rowsOf(this.#entries(new Request(this.#entity, query, this.#access))),
    )
  }

  /** The pages of absent rows without which the answer to a query may be wrong. */
  missing(query: Query<Entity>, absent: AbsentRows): ReadonlySet<number> {
    const here = new Request(this.#entity, query, this.#access)
    // An absent row has its keys as text only.
    const access = { rowOf: this.#access.rowOf, compareOrder: compareOrderKeys }
    return absent.pagesFor(new Request(this.#entity, query, access), this.#entries(here))
  }

  /** The live query; queries of equal meaning share one object. */
  live(query: Query<Entity> = {}): EngineQuery {
    const request = new Request(this.#entity, query, this.#access)
    const { key } = request
    const open = this.#open.get(key)
    if (open) return open
    const live = this.#idle.get(key) ?? new LiveRows(request, this.#host)
    this.#remember(live)
    return live
  }

  #makeHost(): LiveHost {
    const version = (): number => this.#version
    return {
      get version(): number {
        return version()
      },
      entries: (request) => this.#entries(request),
      rowsOf: (entries) => this.#rowsOf(entries),
      open: (query, rows) => this.#openQuery(query, rows),
      close: (query) => this.#closeQuery(query),
      touched: (query) => this.#touched.push(query),
    }
  }

  #concerned({ before, beforeStandIns, after, afterStandIns }: RowChange): View[] {
    const found: View[] = []
    this.#router.start(found)
    if (before) this.#router.find(before, found)
    if (after) this.#router.find(after, found)
    for (const entry of beforeStandIns ?? []) this.#router.find(entry, found)
    for (const entry of afterStandIns ?? []) this.#router.find(entry, found)
    return found
  }

  #changeIndexes(change: RowChange): void {
    const before = change.beforeArchived ? undefined : change.before
    const after = change.afterArchived ? undefined : change.after
    if (!before && !after) return
    for (const index of this.#indexes.values()) {
      if (change.beforeStandIns || change.afterStandIns) index.change({ ...change, before, after })
      else index.swap(before, after)
    }
  }

  #openQuery(query: LiveRows, rows: readonly AnyRow[] | undefined): void {
    const { request } = query
    const { key } = request
    const sorted = (): AnyRow[] => this.#sorted(request)
    this.#idle.delete(key)
    if (!this.#open.has(key)) this.#open.set(key, query)
    let view = this.#views.get(request.viewKey)
    if (!view) {
      view = request.isServed
        ? View.overIndex(request)
        : View.over(request, this.#access, this.#standIns.any ? sorted() : (rows ?? sorted()))
      this.#views.set(request.viewKey, view)
      this.#router.add(view)
    }
    view.readers.add(query)
  }

  #closeQuery(query: LiveRows): void {
    const { key, viewKey } = query.request
    const view = this.#views.get(viewKey)
    view?.readers.delete(query)
    if (view?.readers.size === 0) {
      this.#views.delete(viewKey)
      this.#router.remove(view)
    }
    if (this.#open.get(key) !== query) return
    this.#open.delete(key)
    this.#remember(query)
  }

  /** Caches the query as the newest one without subscribers. */
  #remember(query: LiveRows): void {
    const { key } = query.request
    this.#idle.delete(key)
    this.#idle.set(key, query)
    const oldest = this.#idle.keys().next()
    if (this.#idle.size > IDLE_QUERIES_MAX && !oldest.done) this.#idle.delete(oldest.value)
  }

  #rowsOf(entries: AnyRow[]): AnyRow[] {
    return this.#standIns.any ? entries.map((entry) => this.#standIns.rowOf(entry)) : entries
  }

  /** The first entries of a query within its limit, in order, one for each row. */
  #entries(request: Request): AnyRow[] {
    const { limit } = request
    if (request.matchesNothing || limit === 0) return []
    if (!request.isServed && this.#views.size > 0) {
      const view = this.#views.get(request.viewKey)
      if (view) return view.first(limit)
    }
    if (limit === undefined) return this.#sorted(request)
    const found = this.#matching(request, limit)
    if (this.#isInOrder(request)) return found
    return limit <= PICKED_ROWS_MAX
      ? firstRows(found, limit, request.compare)
      : this.#sort(found, request).slice(0, limit)
  }

  /** All entries of a query, in order. */
  #sorted(request: Request): AnyRow[] {
    if (request.matchesNothing) return []
    const found = this.#matching(request)
    return this.#isInOrder(request) ? found : this.#sort(found, request)
  }

  #isInOrder(request: Request): boolean {
    return request.index !== undefined && request.plan.ordered
  }

  #sort(found: AnyRow[], request: Request): AnyRow[] {
    return sortRows(found, { keys: request.plan.order, compare: request.compare })
  }

  /** The matching entries, one for each row; at most `countMax` if the index is in order. */
  #matching(request: Request, countMax?: number): AnyRow[] {
    const index = request.index === undefined ? undefined : this.#indexes.get(request.index)
    return index ? this.#inIndex(index, request, countMax) : this.#inAllRows(request)
  }

  #inAllRows({ archived, matches }: Request): AnyRow[] {
    const found: AnyRow[] = []
    for (const row of this.#allRows()) {
      if (!isInMode(archived, row.$archived)) continue
      const candidate = pick(matches, row, this.#standIns.of(row))
      if (candidate) found.push(candidate)
    }
    return found
  }

  #inIndex(index: Arrangement, request: Request, countMax = Infinity): AnyRow[] {
    const { section } = request
    const { list } = index
    const from = list.first(section)
    const to = list.after(section, from)
    const isPlain = request.plan.exact && index.standIns === 0
    const enough = request.plan.ordered ? countMax : Infinity
    if (isPlain) return list.slice(from, to, enough)
    const { matches } = request
    const found: AnyRow[] = []
    for (const piece of list.pieces(from, to)) {
      for (const entry of piece) {
        const candidate = this.#shownAt(entry, index, matches)
        if (candidate) found.push(candidate)
        if (found.length >= enough) return found
      }
    }
    return found
  }

  /** The candidate under which a row is shown, if this entry of an index is its place. */
  #shownAt(entry: AnyRow, index: Arrangement, matches: Predicate): AnyRow | undefined {
    if (!this.#standIns.any) return matches(entry) ? entry : undefined
    const row = this.#standIns.rowOf(entry)
    const candidate = pick(matches, row, this.#standIns.of(row))
    return candidate && index.compare(candidate, entry) === 0 ? candidate : undefined
  }
}
