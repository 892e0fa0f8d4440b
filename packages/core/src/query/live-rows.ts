/**
 * One query for its subscribers: returns the same frozen array until a row in it changes.
 *
 *   idle ──subscribe──▶ open: updated by a view            the array is built on read
 *     ▲                  │
 *     └──last one leaves─┘    idle: computed on read, valid until the next change of any row
 *
 * An open query knows the last entry of its window, and ignores a change beyond it.
 */
import type { AnyRow } from '../schema/types.ts'
import type { Request } from './request.ts'
import type { ViewReader } from './view.ts'

/** A live query over the rows of one type. */
export interface EngineQuery {
  /** Frozen; the same array until one of its rows changes, is added, removed or moved. */
  rows(): readonly AnyRow[]
  /**
   * Calls `listener` once for each `emit` after a change of these rows. Returns an unsubscribe
   * function.
   */
  subscribe(listener: () => void): () => void
  readonly stats: QueryStats
}

export interface QueryStats {
  /** Rows when last read. */
  readonly rows: number
  /** Number of emits since the query was created. */
  readonly updates: number
}

/** The engine, as a live query uses it. */
export interface LiveHost {
  /** Number of changes so far. */
  readonly version: number
  /** The current first entries of the view, one for each row. */
  entries(request: Request): AnyRow[]
  /** The rows of entries. May return the given array. */
  rowsOf(entries: AnyRow[]): AnyRow[]
  /** Starts to update the query. `rows`: all of its current rows, if they are known. */
  open(query: LiveRows, rows: readonly AnyRow[] | undefined): void
  close(query: LiveRows): void
  /** The query must notify its subscribers at the next `emit`. */
  touched(query: LiveRows): void
}

const NEVER = -1

export class LiveRows implements EngineQuery, ViewReader {
  readonly request: Request
  readonly #host: LiveHost
  readonly #listeners = new Set<() => void>()
  #rows: readonly AnyRow[] | undefined
  /** While idle: the version of `#rows`. */
  #version = NEVER
  /** While open: whether `#rows` is outdated. */
  #stale = true
  /** Whether `#rows` is outdated by exactly one change in the window: then it surely differs. */
  #behindByOne = false
  #announced = false
  /** Whether `#last` is known; then undefined means that the window is not full. */
  #lastKnown = false
  #last: AnyRow | undefined
  #updates = 0

  constructor(request: Request, host: LiveHost) {
    this.request = request
    this.#host = host
  }

  get stats(): QueryStats {
    return { rows: this.#rows?.length ?? 0, updates: this.#updates }
  }

  get isOpen(): boolean {
    return this.#listeners.size > 0
  }

  rows(): readonly AnyRow[] {
    const host = this.#host
    const fresh = this.isOpen ? !this.#stale : this.#version === host.version
    if (fresh && this.#rows) return this.#rows
    const entries = host.entries(this.request)
    this.#setLast(entries)
    this.#stale = false
    this.#version = host.version
    const rows = host.rowsOf(entries)
    // Reading a frozen array is slower than building one: compare only where they can be equal.
    const differs = this.#behindByOne || !this.#rows || !sameItems(this.#rows, rows)
    this.#behindByOne = false
    return differs || !this.#rows ? (this.#rows = Object.freeze(rows)) : this.#rows
  }

  subscribe(listener: () => void): () => void {
    // Each call is a subscription of its own, even with the same function.
    const own = (): void => listener()
    if (!this.isOpen) {
      this.#stale = this.#version !== this.#host.version
      this.#behindByOne = false
      this.#lastKnown = false
      const isAll = !this.#stale && this.request.limit === undefined
      this.#host.open(this, isAll ? this.#rows : undefined)
    }
    this.#listeners.add(own)
    return () => {
      if (!this.#listeners.delete(own) || this.isOpen) return
      this.#version = this.#stale ? NEVER : this.#host.version
      this.#behindByOne = false
      this.#host.close(this)
    }
  }

  touch(leaving: AnyRow | undefined, coming: AnyRow | undefined): void {
    if (this.#stale && this.#announced) {
      this.#behindByOne = false
      return
    }
    if (!this.#isInWindow(leaving) && !this.#isInWindow(coming)) return
    this.#behindByOne = !this.#stale && leaving !== coming
    this.#stale = true
    this.#lastKnown = false
    if (this.#announced) return
    this.#announced = true
    this.#host.touched(this)
  }

  /**
   * Notifies subscribers. Skips those that unsubscribed during this emit; new ones read current
   * rows.
   */
  emit(onError: (error: unknown) => void): void {
    this.#announced = false
    this.#updates++
    for (const listener of [...this.#listeners]) {
      if (!this.#listeners.has(listener)) continue
      try {
        listener()
      } catch (error) {
        onError(error)
      }
    }
  }

  /** Whether the entry is within the limit, judged by the lists before this change. */
  #isInWindow(entry: AnyRow | undefined): boolean {
    const { limit, compare } = this.request
    if (entry === undefined || limit === 0) return false
    if (limit === undefined) return true
    if (!this.#lastKnown) this.#setLast(this.#host.entries(this.request))
    return this.#last === undefined || compare(entry, this.#last) <= 0
  }

  #setLast(entries: readonly AnyRow[]): void {
    const { limit } = this.request
    this.#last = limit !== undefined && entries.length === limit ? entries[limit - 1] : undefined
    this.#lastKnown = true
  }
}

function sameItems(a: readonly AnyRow[], b: readonly AnyRow[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
