/**
 * The one place where React meets a source outside it. Knows neither rows nor queries.
 * A selector that makes a new object each time is safe here: it runs once for each
 * snapshot, so it cannot loop. One that throws does so while React renders, and so
 * lands in the nearest error boundary; no listener of the store ever sees it.
 */
import { useMemo, useState, useSyncExternalStore } from 'react'
import { useSyncExternalStoreWithSelector } from 'use-sync-external-store/with-selector'

/** Something to read and to listen to. A new `subscribe` or `read` subscribes or reads anew. */
export interface Source<T> {
  readonly subscribe: (listener: () => void) => () => void
  /** The same object until something in it changes; undefined while there is none. */
  readonly read: () => T
  /** What a server renders, and the browser's first render over that markup. */
  readonly readOnServer: () => T
}

/** Never called without a snapshot. */
export type Selector<T, S> = (snapshot: Exclude<T, undefined>) => S
export type IsEqual<S> = (before: S, after: S) => boolean

type Selected<T, S> = S | Extract<T, undefined>

/* oxlint-disable react/rules-of-hooks, react/hooks -- The branch is chosen at the first render and
   kept, so the order of hooks holds; even when hot reload brings a selector in or takes it out. */

/** What the selector makes of the source, or the source's snapshot itself; renders where that changes. */
export function useSelected<T, S>(
  source: Source<T>,
  selector: Selector<T, S> | undefined,
  isEqual: IsEqual<S> | undefined,
): Selected<T, S> {
  const [selects] = useState(selector !== undefined)
  if (selects) return useSelection(source, selector, isEqual)
  // Most rows are read whole, thousands on a page: this costs half of what a selection does.
  const snapshot = useSyncExternalStore(source.subscribe, source.read, source.readOnServer)
  return select(snapshot, selector)
}

/* oxlint-enable react/rules-of-hooks, react/hooks */

function useSelection<T, S>(
  { subscribe, read, readOnServer }: Source<T>,
  selector: Selector<T, S> | undefined,
  isEqual: IsEqual<S> | undefined,
): Selected<T, S> {
  const pick = useMemo(() => (snapshot: T) => select(snapshot, selector), [selector])
  const same = useMemo(() => isEqual && whenBoth(isEqual), [isEqual])
  return useSyncExternalStoreWithSelector(subscribe, read, readOnServer, pick, same)
}

function select<T, S>(snapshot: T, selector: Selector<T, S> | undefined): Selected<T, S> {
  if (snapshot === undefined || selector === undefined) return snapshot as Selected<T, S>
  return selector(snapshot as Exclude<T, undefined>)
}

/** Keeps the app's function away from what is not there. */
function whenBoth<S>(isEqual: IsEqual<S>): IsEqual<S | undefined> {
  return (before, after) =>
    before === undefined || after === undefined ? before === after : isEqual(before, after)
}
