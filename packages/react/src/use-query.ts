/**
 * The rows of a query, as a live result. The query is data and may be a new literal in each
 * render: the store returns one live query for each meaning, and the hook subscribes to that
 * object, not to the literal.
 */
import { useMemo } from 'react'
import type { Entity, Include, IncludedResult, Query, QueryResult } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, liveSource, useSelected } from './use-selected.ts'

/**
 * The result of the query; all rows of the type without a query. The same object, with the
 * same `rows`, until it changes; then one render. With `include`, rows have in `$included` what their
 * references name, live too.
 * @throws Error outside a `SyncProvider`; CountersignError for an invalid query.
 */
export function useQuery<E extends Entity, const I extends Include<E>>(
  entity: E,
  query: Query<E> & { readonly include: I },
): IncludedResult<E, I>
/** A part of a result with `include`. */
export function useQuery<E extends Entity, const I extends Include<E>, S>(
  entity: E,
  query: Query<E> & { readonly include: I },
  selector: (result: IncludedResult<E, I>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
/** The result without `include`. */
export function useQuery<E extends Entity>(entity: E, query?: Query<E>): QueryResult<E>
/** A part of the result. Renders only when the result of `selector` differs by `isEqual`. */
export function useQuery<E extends Entity, S>(
  entity: E,
  query: Query<E> | undefined,
  selector: (result: QueryResult<E>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
export function useQuery(
  entity: Entity,
  query?: Query<Entity>,
  selector?: (result: never) => unknown,
  isEqual?: IsEqual<unknown>,
): unknown {
  const store = useNearestStore('useQuery')
  // Skips the look-up by meaning if the query object is a constant of the app.
  const live = useMemo(() => store.live(entity, query), [store, entity, query])
  const source = useMemo(() => liveSource(live, emptyResult), [live])
  return useSelected(source, selector as Selector<QueryResult<Entity>, unknown>, isEqual)
}

// A server has no rows of the user. A single object: React would take a new one for a change.
const empty: QueryResult<Entity> = Object.freeze({
  rows: Object.freeze([]),
  complete: false,
  asOf: null,
  pending: 0,
})

function emptyResult<E extends Entity>(): QueryResult<E> {
  return empty as QueryResult<E>
}
