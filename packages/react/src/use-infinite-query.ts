/**
 * A query whose rows are read page by page: one list that grows with `fetchMore`, and is live as the rows
 * of `useQuery` are. The store has the pages that are open, by the meaning of the query.
 */
import { useMemo } from 'react'
import {
  type Entity,
  type Include,
  type IncludedPages,
  type PagedQuery,
  type PagesResult,
  livePages,
} from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, liveSource, useSelected } from './use-selected.ts'

/**
 * The rows of the pages that are open, and `fetchMore` for the next one. The same object, with the same
 * `rows`, until it changes; then one render.
 * @throws Error outside a `SyncProvider`; CountersignError for an invalid query.
 */
export function useInfiniteQuery<E extends Entity, const I extends Include<E>>(
  entity: E,
  query: PagedQuery<E> & { readonly include: I },
): IncludedPages<E, I>
/** A part of a result with `include`. */
export function useInfiniteQuery<E extends Entity, const I extends Include<E>, S>(
  entity: E,
  query: PagedQuery<E> & { readonly include: I },
  selector: (result: IncludedPages<E, I>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
/** The result without `include`. */
export function useInfiniteQuery<E extends Entity>(entity: E, query?: PagedQuery<E>): PagesResult<E>
/** A part of the result. Renders only when the result of `selector` differs by `isEqual`. */
export function useInfiniteQuery<E extends Entity, S>(
  entity: E,
  query: PagedQuery<E> | undefined,
  selector: (result: PagesResult<E>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
export function useInfiniteQuery(
  entity: Entity,
  query?: PagedQuery<Entity>,
  selector?: (result: never) => unknown,
  isEqual?: IsEqual<unknown>,
): unknown {
  const store = useNearestStore('useInfiniteQuery')
  // Skips the look-up by meaning if the query object is a constant of the app.
  const pages = useMemo(() => livePages(store, entity, query), [store, entity, query])
  const source = useMemo(() => liveSource(pages, emptyPages), [pages])
  return useSelected(source, selector as Selector<PagesResult<Entity>, unknown>, isEqual)
}

// A server has no rows of the user. A single object: React would take a new one for a change.
const empty: PagesResult<Entity> = Object.freeze({
  rows: Object.freeze([]),
  complete: false,
  asOf: null,
  pending: 0,
  hasMore: false,
  fetching: false,
  fetchMore: () => {},
})

function emptyPages<E extends Entity>(): PagesResult<E> {
  return empty as PagesResult<E>
}
