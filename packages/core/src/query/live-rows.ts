/**
 * One query as its subscribers see it: the same frozen array until something in it changes.
 *
 *   idle ──subscribe──▶ open: kept in step by a view       the array is made on read
 *     ▲                  │
 *     └──last one leaves─┘    idle: computed on read, good until the next change of any row
 *
 * While open it knows the last entry of its window: a change beyond it concerns nobody here.
 */
import type { AnyRow } from '../schema/types.ts'
import type { Request } from './request.ts'
import type { ViewReader } from './view.ts'

/** A live query over the rows of one type. */
export interface EngineQuery {
  /** Frozen; the same array until a row of it changes, comes, goes or moves. */
  rows(): readonly AnyRow[]
  /** Calls `listener` once for each `emit` after a change within these rows. Returns the end of it. */
  subscribe(listener: () => void): () => void
  readonly stats: QueryStats
}

export interface QueryStats {
  /** Rows when last read. */
  readonly rows: number
  /** Emissions since the query was made. */
  readonly updates: number
}

/** What a live query needs of the engine. */
export interface LiveHost {
  /** Counts changes. */
  readonly version: number
  /** The first entries of the view now, one for each row. */
  entries(request: Request): AnyRow[]
  /** What a reader sees of entries: their rows. May return the array it is given. */
  rowsOf(entries: AnyRow[]): AnyRow[]
  /** Keeps the query in step from here on. `rows`: all of its rows now, where they are known. */
  open(query: LiveRows, rows: readonly AnyRow[] | undefined): void
  close(query: LiveRows): void
  /** The query has something to tell at the next `emit`. */
  touched(query: LiveRows): void
}

const NEVER = -1

export class LiveRows implements EngineQuery, ViewReader {
  readonly request: Request
  readonly #host: LiveHost
  readonly #listeners = new Set<() => void>()
  #rows: readonly AnyRow[] | undefined
  /** While idle: the version that `#rows` are of. */
  #version = NEVER
  /** While open: whether `#rows` are behind. */
  #stale = true
  /** Whether `#rows` are behind by one change in the window and no more: then they differ for sure. */
  #behindByOne = false
  #announced = false
  /** Whether `#last` is known; an undefined one means that the window is not full. */
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
    // Reading a frozen array costs more than making one; so it is compared only where it can be equal.
    const differs = this.#behindByOne || !this.#rows || !sameItems(this.#rows, rows)
    this.#behindByOne = false
    return differs || !this.#rows ? (this.#rows = Object.freeze(rows)) : this.#rows
  }

  subscribe(listener: () => void): () => void {
    // Each subscription is one of its own, even of the same function.
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

  /** Tells every subscriber of now. Those who came meanwhile know; those who left are not told. */
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

  /** Whether the entry stands among the first so many, with the lists as they were before this change. */
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
