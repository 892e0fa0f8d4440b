/**
 * The one place that subscribes React to an external source. Knows neither rows nor queries.
 * A selector may return a new object each time: it runs once for each snapshot, so it cannot loop.
 * A throwing selector throws during a render, so the nearest error boundary catches it; no listener
 * of the store receives the error.
 */
import { useMemo, useState, useSyncExternalStore } from 'react'
import { useSyncExternalStoreWithSelector } from 'use-sync-external-store/with-selector'

/** A source to read and to subscribe to. A new `subscribe` or `read` function resubscribes. */
export interface Source<T> {
  readonly subscribe: (listener: () => void) => () => void
  /** The same object until it changes; undefined while there is none. */
  readonly read: () => T
  /** The snapshot for a server, and for the browser's first render during hydration. */
  readonly readOnServer: () => T
}

/** The source of a live value of the store. `readOnServer`: what there is without rows of the user. */
export function liveSource<T>(
  live: { subscribe(listener: () => void): () => void; snapshot(): T },
  readOnServer: () => T,
): Source<T> {
  return {
    subscribe: (listener) => live.subscribe(listener),
    read: () => live.snapshot(),
    readOnServer,
  }
}

/** Never called without a snapshot. */
export type Selector<T, S> = (snapshot: Exclude<T, undefined>) => S
export type IsEqual<S> = (before: S, after: S) => boolean

type Selected<T, S> = S | Extract<T, undefined>

/* oxlint-disable react/rules-of-hooks, react/hooks -- The branch is chosen at the first render and
   kept, so the order of hooks holds; even when hot reload brings a selector in or takes it out. */

/** The selected part of the source, or its whole snapshot; renders when that changes. */
export function useSelected<T, S>(
  source: Source<T>,
  selector: Selector<T, S> | undefined,
  isEqual: IsEqual<S> | undefined,
): Selected<T, S> {
  const [selects] = useState(selector !== undefined)
  if (selects) return useSelection(source, selector, isEqual)
  // Most rows are read whole, thousands on a page: this costs half of a selection.
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

/** Calls the app's function only if both values are present. */
function whenBoth<S>(isEqual: IsEqual<S>): IsEqual<S | undefined> {
  return (before, after) =>
    before === undefined || after === undefined ? before === after : isEqual(before, after)
}
