/** Query results of the store: rows from the engine, with completeness from the replica. */
import type { StoreApi } from 'zustand/vanilla'
import type { Position } from '../../facts/message.ts'
import type { EngineQuery, QueryStats } from '../../query/engine.ts'
import type { Entity } from '../../schema/entity.ts'
import type { AnyRow, Row } from '../../schema/types.ts'
import type { LiveQuery, QueryResult, SyncStatus } from '../store.ts'
import type { EarlyQuery, Opening } from './opening.ts'

/** Completeness and position of the replica. */
export interface Coverage {
  /** Whether a state of the reviewer is known here, as far as the storage was read. */
  readonly complete: () => boolean
  readonly position: () => Position | null
  /** Decides which queries have an answer while the storage is read. */
  readonly opening: Opening
  /** Subscribes to changes of `complete`. */
  readonly onChange: (listener: () => void) => () => void
}

const NO_ROWS: readonly AnyRow[] = Object.freeze([])

export class Result<E extends Entity> implements QueryResult<E> {
  readonly rows: readonly Row<E>[]
  readonly complete: boolean
  readonly #standing: Coverage

  /** `rows`: undefined where the query has no exact answer yet. */
  constructor(rows: readonly AnyRow[] | undefined, standing: Coverage) {
    this.rows = (rows ?? NO_ROWS) as unknown as readonly Row<E>[]
    this.complete = rows !== undefined && standing.complete()
    this.#standing = standing
  }

  // A getter, because it changes with every message: a result keeps its identity while its rows do
  // not change.
  get asOf(): Position | null {
    return this.#standing.position()
  }

  get pending(): number {
    return this.rows.filter((row) => row.$state !== 'canonical').length
  }
}

/** The live queries of a store that have subscribers. */
export class OpenQueries {
  readonly open: Set<StoreQuery<Entity>> = new Set<StoreQuery<Entity>>()
  /** Monotonic ms; set while devtools measure reads. */
  timer: (() => number) | undefined
}

/** The query of the app, and the list of open queries. */
export interface AskedQuery extends EarlyQuery {
  readonly among: OpenQueries
}

/** A live query of the engine, with results of stable identity. */
export class StoreQuery<E extends Entity> implements LiveQuery<E> {
  readonly asked: AskedQuery
  readonly #query: EngineQuery
  readonly #standing: Coverage
  #last: Result<E> | undefined
  #listeners = 0
  #endAsking: (() => void) | undefined
  #reads = 0
  #readMs = 0

  constructor(query: EngineQuery, standing: Coverage, asked: AskedQuery) {
    this.#query = query
    this.#standing = standing
    this.asked = asked
  }

  /** Counters; reads are counted only while a timer is set. */
  get stats(): QueryStats & {
    readonly listeners: number
    readonly reads: number
    readonly readMs: number
  } {
    const { rows, updates } = this.#query.stats
    return { rows, updates, listeners: this.#listeners, reads: this.#reads, readMs: this.#readMs }
  }

  snapshot(): QueryResult<E> {
    const { timer } = this.asked.among
    if (!timer) return this.#snapshot()
    const from = timer()
    const result = this.#snapshot()
    this.#reads++
    this.#readMs += timer() - from
    return result
  }

  #snapshot(): QueryResult<E> {
    const { opening, complete } = this.#standing
    const exact = opening.isExact(this.asked)
    const rows = exact ? this.#query.rows() : NO_ROWS
    const last = this.#last
    const isSame =
      last && (last.rows as readonly unknown[]) === rows && last.complete === (exact && complete())
    return isSame ? last : (this.#last = new Result<E>(exact ? rows : undefined, this.#standing))
  }

  subscribe(listener: () => void): () => void {
    const { opening, onChange } = this.#standing
    const ends = [this.#query.subscribe(listener), onChange(listener), opening.onChange(listener)]
    if (this.#listeners === 0) this.#endAsking = opening.ask(this.asked)
    const { open } = this.asked.among
    let listens = true
    this.#listeners++
    open.add(this as unknown as StoreQuery<Entity>)
    return () => {
      ends.forEach((end) => end())
      if (!listens) return
      listens = false
      if (--this.#listeners > 0) return
      open.delete(this as unknown as StoreQuery<Entity>)
      this.#endAsking?.()
    }
  }
}

/** Calls `listener` once, when a store without a position gets its first. */
export function onFirstPosition(status: StoreApi<SyncStatus>, listener: () => void): () => void {
  if (status.getState().position !== null) return () => {}
  const end = status.subscribe(({ position }) => {
    if (position === null) return
    end()
    listener()
  })
  return end
}
