/**
 * Pages of a query, as one list that grows: live as every query, so no row is in it twice, and none is
 * skipped, whatever is written before its end.
 *
 * A store of the whole space has all rows, and shows the first so many. One that follows scopes shows the
 * rows up to the end of the newest page that has come (`page-scopes.ts`); before the first one those that
 * it has, as many as a page.
 */
import { assert } from '../../base/assert.ts'
import type { Position } from '../../facts/message.ts'
import type { EngineQuery } from '../../query/engine.ts'
import { refuse } from '../../query/filter.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Lenses } from '../../schema/lens/path.ts'
import type { Query, Row } from '../../schema/types.ts'
import { PAGE_ROWS_MAX } from '../../wire/scopes.ts'
import type { Include } from '../included.ts'
import type { IncludedResult, QueryResult, SyncStore } from '../store.ts'
import { cutFieldOf, orderOf } from './cuts.ts'
import { includingIn } from './include-door.ts'
import { Keeping } from './keeping.ts'
import { PageScopes } from './page-scopes.ts'
import { type Coverage, StoreQuery } from './queries.ts'
import { type Reads, readsOf } from './reads.ts'
import { scopesOf } from './scopes-of.ts'

const PAGE_ROWS = 50

/** A query whose rows are read page by page. */
export interface PagedQuery<E extends Entity> extends Omit<Query<E>, 'limit'> {
  /** Rows of a page, 1 to 1,024. Default: 50. */
  readonly pageSize?: number
}

/** The rows of the pages that are open, sorted. */
export interface PagesResult<E extends Entity> extends QueryResult<E> {
  /**
   * Whether the result includes every row of the query up to its last one that the reviewer had as of
   * `asOf`, and every row at all where there are no more.
   */
  readonly complete: boolean
  /** Whether there may be rows after these. */
  readonly hasMore: boolean
  /** Whether a page is asked for and is not here yet; without a connection it stays so. */
  readonly fetching: boolean
  /** Opens the next page, unless one is being fetched or there are no more. The same function always. */
  readonly fetchMore: () => void
}

/** Pages of a query with `include`. */
export interface IncludedPages<E extends Entity, I>
  extends IncludedResult<E, I>, Pick<PagesResult<E>, 'hasMore' | 'fetching' | 'fetchMore'> {}

/** The pages of a query, kept up to date while they have subscribers. */
export interface LivePages<E extends Entity, R = PagesResult<E>> {
  /** The same object until something in it changes. */
  snapshot(): R
  /** Calls `listener` when the snapshot has changed. Returns a function that unsubscribes. */
  subscribe(listener: () => void): () => void
}

const opened = new WeakMap<EngineQuery, Pages<Entity>>()

/**
 * The pages of a query: those of equal meaning share one object, with the pages that are open. They stay
 * open, and followed, for a minute after the last subscriber has left. In a store with `scope: followed`
 * a page is fetched by a range of the first field of the order; rows with the same value come together.
 * @throws CountersignError `invalid` for a malformed query.
 */
export function livePages<E extends Entity, const I extends Include<E>>(
  store: SyncStore,
  entity: E,
  query: PagedQuery<E> & { readonly include: I },
): LivePages<E, IncludedPages<E, I>>
export function livePages<E extends Entity>(
  store: SyncStore,
  entity: E,
  query?: PagedQuery<E>,
): LivePages<E>
export function livePages(
  store: SyncStore,
  entity: Entity,
  query: PagedQuery<Entity> = {},
): LivePages<Entity> {
  const { pageSize = PAGE_ROWS, ...all } = query
  const including = includingIn(entity, all)
  const rest = including?.plain ?? all
  if (!Number.isSafeInteger(pageSize) || pageSize < 1 || pageSize > PAGE_ROWS_MAX)
    refuse(entity, undefined, `pageSize is a whole number, 1 to ${PAGE_ROWS_MAX}`)
  const reads = readsOf(store)
  const asked = rest as Query<Entity>
  if ('limit' in asked) refuse(entity, undefined, 'pages have a pageSize, and no limit')
  const key = reads.engine(entity).live({ ...asked, limit: pageSize })
  let pages = opened.get(key)
  if (!pages)
    opened.set(key, (pages = new Pages<Entity>(reads, entity, { query: asked, pageSize, key })))
  if (!including) return pages
  return including.code.live(store, pages, including.refs) as LivePages<Entity>
}

interface Asked {
  readonly query: Query<Entity>
  readonly pageSize: number
  /** The engine keeps the pages by it. */
  readonly key: EngineQuery
}

/** What a snapshot shows beside its rows. */
type About<E extends Entity> = Pick<PagesResult<E>, 'rows' | 'hasMore' | 'fetching' | 'fetchMore'>

class Shown<E extends Entity> implements PagesResult<E> {
  readonly rows: readonly Row<E>[]
  readonly complete: boolean
  readonly hasMore: boolean
  readonly fetching: boolean
  readonly fetchMore: () => void
  readonly #inner: QueryResult<E>

  constructor(inner: QueryResult<E>, { rows, hasMore, fetching, fetchMore }: About<E>) {
    this.rows = rows
    this.complete = inner.complete
    this.hasMore = hasMore
    this.fetching = fetching
    this.fetchMore = fetchMore
    this.#inner = inner
  }

  get asOf(): Position | null {
    return this.#inner.asOf
  }

  get pending(): number {
    return this.rows.filter((row) => row.$state !== 'canonical').length
  }

  /** Whether it is what is shown of that result. */
  isOf(
    inner: QueryResult<E>,
    { hasMore, fetching }: Pick<About<E>, 'hasMore' | 'fetching'>,
  ): boolean {
    return this.#inner === inner && this.hasMore === hasMore && this.fetching === fetching
  }

  isSame({ rows, complete, hasMore, fetching }: Shown<E>): boolean {
    if (this.complete !== complete || this.hasMore !== hasMore || this.fetching !== fetching)
      return false
    const isSameRow = (row: Row<E>, i: number): boolean => row === rows[i]
    return this.rows === rows || (this.rows.length === rows.length && this.rows.every(isSameRow))
  }
}

class Pages<E extends Entity> implements LivePages<E> {
  readonly #reads: Reads
  readonly #entity: Entity
  readonly #asked: Asked
  /** The query with an explicit order. */
  readonly #query: Query<Entity>
  readonly #coverage: Coverage
  readonly #keeping: Keeping
  readonly #listeners = new Set<() => void>()
  /** How many rows are to be shown, at least. */
  #goal: number
  /** Rows of the page that is fetched. */
  #rows: number
  /** Whether that page has fewer rows than it should, so far. */
  #isFilling = false
  #scopes: PageScopes | undefined
  #lenses: Lenses | undefined
  #window: Window<E>
  #leaveWindow: (() => void) | undefined
  #last: Shown<E> | undefined
  #told: Shown<E> | undefined

  constructor(reads: Reads, entity: Entity, asked: Asked) {
    this.#reads = reads
    this.#entity = entity
    this.#asked = asked
    const order = orderOf(entity, asked.query) as NonNullable<Query<Entity>['orderBy']>
    this.#query = { ...asked.query, ...(order.length > 0 && { orderBy: order }) }
    this.#goal = this.#rows = asked.pageSize
    this.#coverage = reads.scopes
      ? {
          ...reads.standing,
          complete: () => this.#scopes?.isCovered ?? false,
          onChange: () => () => {}, // the scopes of the pages tell of it
        }
      : reads.standing
    this.#window = this.#windowOf(this.#wanted())
    this.#keeping = new Keeping(reads.clock, () => this.#begin())
  }

  snapshot(): PagesResult<E> {
    const inner = this.#window.rows.snapshot()
    const shown = this.#scopes?.shown
    const isCut = !shown && inner.rows.length > this.#goal
    const hasMore = shown ? shown.to !== undefined : isCut || this.#isWaiting
    const fetching = shown ? this.#scopes?.isFetching === true : this.#isWaiting
    if (this.#last?.isOf(inner, { hasMore, fetching })) return this.#last
    const rows = isCut ? Object.freeze(inner.rows.slice(0, this.#goal)) : inner.rows
    const next = new Shown<E>(inner, { rows, hasMore, fetching, fetchMore: this.#fetchMore })
    return this.#last?.isSame(next) ? this.#last : (this.#last = next)
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    const letGo = this.#keeping.hold()
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
      letGo()
    }
  }

  /** Whether the first page is not here yet. */
  get #isWaiting(): boolean {
    return this.#reads.scopes !== undefined && !this.#scopes?.shown
  }

  readonly #fetchMore = (): void => {
    const { pageSize } = this.#asked
    const { rows, hasMore } = this.snapshot()
    const scopes = this.#scopes
    if (!hasMore) return
    if (!scopes?.shown) {
      // Of the rows that are here.
      if (rows.length >= this.#goal) this.#goal += pageSize
    } else if (!scopes.isFetching) {
      this.#goal = rows.length + pageSize
      this.#fetch(pageSize)
    }
    this.#show()
  }

  #begin(): () => void {
    const stopKeeping = this.#asked.key.subscribe(() => {})
    this.#leaveWindow = this.#window.rows.subscribe(() => this.#changed())
    this.#follow()
    return () => {
      stopKeeping()
      this.#scopes?.end()
      this.#scopes = undefined
      this.#leaveWindow?.()
      this.#leaveWindow = undefined
      this.#goal = this.#asked.pageSize
      this.#show()
    }
  }

  /** Asks for the first page, in a store that follows scopes. */
  #follow(): void {
    const { scopes } = this.#reads
    if (!scopes) return
    const reading = this.#reads.reading(this.#entity)
    this.#scopes?.end()
    this.#lenses = reading.lenses
    this.#scopes = new PageScopes({
      scopes,
      base: scopesOf(reading, this.#query),
      field: cutFieldOf(reading, this.#query.orderBy ?? []),
      onChange: () => this.#changed(),
    })
    this.#fetch(this.#asked.pageSize)
  }

  #fetch(rows: number): void {
    const scopes = this.#scopes
    assert(scopes, 'pages are fetched while they have subscribers')
    this.#rows = rows
    this.#isFilling = true
    scopes.next(() => Math.min(scopes.shown ? this.#rows : this.#goal, PAGE_ROWS_MAX))
  }

  /** Rows or scopes have changed. */
  #changed(): void {
    if (this.#scopes && this.#reads.reading(this.#entity).lenses !== this.#lenses) this.#follow()
    this.#show()
    const scopes = this.#scopes
    if (!this.#isFilling || !scopes?.shown || scopes.isFetching) return
    this.#isFilling = false
    // Other conditions of the query may have left out a part of the page.
    const isShort = this.#window.rows.snapshot().rows.length < this.#goal
    if (isShort && scopes.shown.to !== undefined) this.#fetch(this.#rows * 2)
  }

  /** Shows what is to be shown now. */
  #show(): void {
    const wanted = this.#wanted()
    if (wanted.key !== this.#window.key) {
      const leave = this.#leaveWindow
      this.#window = this.#windowOf(wanted)
      if (leave) {
        this.#leaveWindow = this.#window.rows.subscribe(() => this.#changed())
        leave()
      }
    }
    const told = this.#told
    this.#told = this.#last = this.snapshot() as Shown<E>
    if (told === this.#told) return
    for (const listener of [...this.#listeners]) {
      try {
        if (this.#listeners.has(listener)) listener()
      } catch (error) {
        this.#reads.onError(error)
      }
    }
  }

  /** The query whose rows are shown: up to the end of a page; or so many, and one more. */
  #wanted(): Pick<Window<E>, 'key' | 'query'> {
    const { where } = this.#query
    const shown = this.#scopes?.shown
    if (!shown) {
      const limit = this.#goal + 1
      return { key: `first ${limit}`, query: { ...this.#query, limit } }
    }
    const { to } = shown
    const field = this.#scopes?.field
    if (to === undefined || !field) return { key: 'all', query: this.#query }
    const upTo = { [field.name]: field.isDown ? { gte: to } : { lte: to } }
    const both = { and: [where ?? {}, upTo] } as Query<Entity>['where'] & object
    return { key: `to ${to}`, query: { ...this.#query, where: both } }
  }

  #windowOf({ key, query }: Pick<Window<E>, 'key' | 'query'>): Window<E> {
    const { engine, open } = this.#reads
    const asked = { type: this.#entity.name, query, among: open }
    const live = engine(this.#entity).live(query)
    return { key, query, rows: new StoreQuery<E>(live, this.#coverage, asked) }
  }
}

/** The rows that are shown. */
interface Window<E extends Entity> {
  readonly key: string
  readonly query: Query<Entity>
  readonly rows: StoreQuery<E>
}
