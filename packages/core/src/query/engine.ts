/**
 * Queries over the rows of one type. Owns its declared indexes, the views of open queries and
 * the routing of changes to them. Is told of each row as it changes and asked for rows at any
 * time; knows nothing of messages, storage or coverage.
 *
 * Invariants: S15 index = scan; a change costs what it changes, however many queries are open;
 * an array is made when it is read, never when a row is written; nothing is kept for a query
 * without subscribers but a bounded cache.
 */
import type { RowSink } from '../repo/sink.ts'
import type { Entity } from '../schema/entity.ts'
import type { AnyRow, Query } from '../schema/types.ts'
import { Arrangement } from './arrangement.ts'
import { type CompareOrder, type RowAccess, compareOrderKeys } from './compare.ts'
import { type EngineQuery, type LiveHost, LiveRows } from './live-rows.ts'
import { Request, isInMode } from './request.ts'
import { Router } from './router.ts'
import { firstRows, sortRows } from './sort-rows.ts'
import { type RowChange, StandIns, type Variants, pick } from './stand-ins.ts'
import { View } from './view.ts'

export type { EngineQuery, QueryStats } from './live-rows.ts'

/** Queries without subscribers that are remembered, so that asking again finds the same array. */
export const IDLE_QUERIES_MAX = 256
/** Up to this limit, the first rows are picked out; beyond it, all are sorted. */
const PICKED_ROWS_MAX = 1_024

/** What only the owner of the rows knows of them. */
export interface RowHooks {
  /** Canonical order without making keys. Absent: compares `$orderKey` and `$createdOrderKey` as text. */
  readonly compareOrder?: CompareOrder
  /** The other values under which a row is found, as stand-ins of it. */
  readonly variants?: Variants
}

export interface EngineStats {
  /** Queries with subscribers. */
  readonly open: number
  /** Queries without, that are remembered. */
  readonly idle: number
  /** Distinct filters and orders kept in step. */
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

  /** `rows` are all rows, archived ones too; those that are there already are taken in. */
  constructor(entity: Entity, rows: () => Iterable<AnyRow>, hooks: RowHooks = {}) {
    this.#entity = entity
    this.#allRows = rows
    this.#standIns = new StandIns(hooks.variants)
    this.#access = {
      rowOf: (entry) => this.#standIns.rowOf(entry),
      compareOrder: hooks.compareOrder ?? compareOrderKeys,
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
      beforeStandIns: before && this.#standIns.of(before),
      after,
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

  /** The rows of a query, now. */
  query(query: Query<Entity>): readonly AnyRow[] {
    return Object.freeze(this.#rowsOf(this.#entries(new Request(this.#entity, query, this.#access))))
  }

  /** The live query of that meaning: equal meanings share one object. */
  live(query: Query<Entity>): EngineQuery {
    const request = new Request(this.#entity, query, this.#access)
    const known = this.#open.get(request.key) ?? this.#idle.get(request.key)
    if (known) return known
    const live = new LiveRows(request, this.#host)
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
      rowOf: this.#access.rowOf,
      open: (query) => this.#openQuery(query),
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
    const before = change.before?.$archived ? undefined : change.before
    const after = change.after?.$archived ? undefined : change.after
    if (!before && !after) return
    for (const index of this.#indexes.values()) {
      if (change.beforeStandIns || change.afterStandIns) index.change({ ...change, before, after })
      else index.swap(before, after)
    }
  }

  #openQuery(query: LiveRows): void {
    const { request } = query
    this.#idle.delete(request.key)
    if (!this.#open.has(request.key)) this.#open.set(request.key, query)
    let view = this.#views.get(request.viewKey)
    if (!view) {
      view = request.isServed
        ? View.overIndex(request)
        : View.over(request, this.#access, this.#sorted(request))
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

  #remember(query: LiveRows): void {
    this.#idle.set(query.request.key, query)
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
    if (request.isServed && !this.#standIns.any) return this.#stretch(request, limit)
    const view = this.#views.get(request.viewKey)
    if (view?.isOwn) return view.first(limit)
    if (limit === undefined) return this.#sorted(request)
    const found = this.#matching(request)
    if (this.#isInOrder(request)) return found.slice(0, limit)
    if (limit <= PICKED_ROWS_MAX) return firstRows(found, limit, request.compare)
    return this.#sort(found, request).slice(0, limit)
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

  /** The entries that match: one for each row, in the order of the index they were found by. */
  #matching(request: Request): AnyRow[] {
    const index = request.index === undefined ? undefined : this.#indexes.get(request.index)
    const { matches } = request
    const found: AnyRow[] = []
    if (!index) {
      for (const row of this.#allRows()) {
        if (!isInMode(request.archived, row.$archived)) continue
        const candidate = pick(matches, row, this.#standIns.of(row))
        if (candidate) found.push(candidate)
      }
      return found
    }
    const stretch = this.#stretch(request)
    if (!this.#standIns.any) return request.plan.exact ? stretch : stretch.filter(matches)
    for (const entry of stretch) {
      const row = this.#standIns.rowOf(entry)
      const candidate = pick(matches, row, this.#standIns.of(row))
      // A row stands in an index once for each of its candidates, and is found once.
      if (candidate && index.compare(candidate, entry) === 0) found.push(candidate)
    }
    return found
  }

  /** What the index holds of the query, `countMax` entries at most. */
  #stretch(request: Request, countMax?: number): AnyRow[] {
    const list = this.#indexes.get(request.index!)!.list
    const { section } = request
    return list.slice(list.first(section), list.after(section), countMax)
  }
}
