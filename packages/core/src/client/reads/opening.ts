/**
 * Decides which queries have rows while the store reads its storage.
 *
 *   closed ──▶ early: the rows of own messages and of the newest steps are loaded, others are not
 * yet
 *     │          │    a query is exact when no missing row can be in its answer
 *     └──────────┴──▶ over: all rows are here
 *
 * A query that is not exact has no rows and is not complete; it never shows a part of its answer.
 * An exact query stays exact, with the same rows.
 */
import type { QueryEngine } from '../../query/engine.ts'
import type { AbsentRows } from '../../query/absent.ts'
import type { Entity } from '../../schema/entity.ts'
import type { Query } from '../../schema/types.ts'

/** A query of the app; an object of its own for each live query. */
export interface EarlyQuery {
  readonly type: string
  readonly query: Query<Entity>
}

export interface OpeningParts {
  readonly engines: ReadonlyMap<string, QueryEngine>
  readonly onError: (error: unknown) => void
}

export class Opening {
  readonly #parts: OpeningParts
  readonly #listeners = new Set<() => void>()
  /** Open queries that are not exact, with the pages that they lack, once these are known. */
  readonly #waiting = new Map<EarlyQuery, Set<number> | undefined>()
  readonly #exact = new WeakSet<EarlyQuery>()
  /** The number of changes of `exact` at which a query was last checked. */
  readonly #checked = new WeakMap<EarlyQuery, number>()
  #changes = 0
  #absentOf: ((type: string) => AbsentRows) | undefined
  #isOver = false

  constructor(parts: OpeningParts) {
    this.#parts = parts
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Whether the rows that are here give the exact answer to the query. */
  isExact(asked: EarlyQuery): boolean {
    if (this.#isOver || this.#exact.has(asked)) return true
    if (!this.#absentOf || this.#checked.get(asked) === this.#changes) return false
    this.#checked.set(asked, this.#changes)
    if (this.#missing(asked).size > 0) return false
    this.#exact.add(asked)
    return true
  }

  /** Pages for this query are read first, until it is exact or the returned function is called. */
  ask(asked: EarlyQuery): () => void {
    if (!this.#isOver && !this.#exact.has(asked)) this.#waiting.set(asked, undefined)
    return () => this.#waiting.delete(asked)
  }

  /** Calls `listener` when queries become exact, and when the opening is over. */
  onChange(listener: () => void): () => void {
    if (this.#isOver) return () => {}
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  /** Begins the early stage. */
  begin(absentOf: (type: string) => AbsentRows): void {
    this.#absentOf = absentOf
    this.#change()
  }

  /** The pages that the next query lacks, fewest first; undefined: every open query is exact. */
  wanted(): readonly number[] | undefined {
    let least: ReadonlySet<number> | undefined
    let isChanged = false
    for (const [asked, known] of this.#waiting) {
      const lacks = known && known.size > 0 ? known : new Set(this.#missing(asked))
      this.#waiting.set(asked, lacks)
      if (lacks.size > 0) {
        if (!least || lacks.size < least.size) least = lacks
        continue
      }
      this.#exact.add(asked)
      this.#waiting.delete(asked)
      isChanged = true
    }
    if (isChanged) this.#change()
    return least && [...least]
  }

  /** Called when the rows of a page are here. */
  taken(page: number): void {
    for (const lacks of this.#waiting.values()) lacks?.delete(page)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#absentOf = undefined
    this.#waiting.clear()
    this.#change()
    this.#listeners.clear()
  }

  #missing({ type, query }: EarlyQuery): ReadonlySet<number> {
    const engine = this.#parts.engines.get(type)
    const absent = this.#absentOf?.(type)
    return engine && absent ? engine.missing(query, absent) : new Set()
  }

  #change(): void {
    this.#changes++
    for (const listener of [...this.#listeners]) {
      try {
        listener()
      } catch (error) {
        this.#parts.onError(error)
      }
    }
  }
}
