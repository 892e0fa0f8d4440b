/** Queries as the store hands them out: rows from the engine, with what the replica knows about completeness. */
import type { Position } from '../message/message.ts'
import type { EngineQuery } from '../query/engine.ts'
import type { Entity } from '../schema/entity.ts'
import type { AnyRow, Row } from '../schema/types.ts'
import type { LiveQuery, QueryResult } from './store.ts'

/** What changes the standing of a result besides its rows. */
export interface Standing {
  readonly complete: () => boolean
  readonly position: () => Position | null
  /** Tells whenever `complete` changes. */
  readonly onChange: (listener: () => void) => () => void
}

export class Result<E extends Entity> implements QueryResult<E> {
  readonly rows: readonly Row<E>[]
  readonly complete: boolean
  readonly #standing: Standing

  constructor(rows: readonly AnyRow[], standing: Standing) {
    this.rows = rows as unknown as readonly Row<E>[]
    this.complete = standing.complete()
    this.#standing = standing
  }

  // Asked for rarely, and different with every message: read when asked, so that a result
  // keeps its identity while its rows stay the same.
  get asOf(): Position | null {
    return this.#standing.position()
  }

  get pending(): number {
    return this.rows.filter((row) => row.$state !== 'canonical').length
  }
}

/** A live query of the engine, as results of a steady identity. */
export class StoreQuery<E extends Entity> implements LiveQuery<E> {
  readonly #query: EngineQuery
  readonly #standing: Standing
  #last: Result<E> | undefined

  constructor(query: EngineQuery, standing: Standing) {
    this.#query = query
    this.#standing = standing
  }

  snapshot(): QueryResult<E> {
    const rows = this.#query.rows()
    const last = this.#last
    if (
      last &&
      (last.rows as readonly unknown[]) === rows &&
      last.complete === this.#standing.complete()
    )
      return last
    return (this.#last = new Result<E>(rows, this.#standing))
  }

  subscribe(listener: () => void): () => void {
    const ends = [this.#query.subscribe(listener), this.#standing.onChange(listener)]
    return () => ends.forEach((end) => end())
  }
}
