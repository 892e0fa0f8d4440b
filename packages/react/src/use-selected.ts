/**
 * The one place where React meets a source outside it. Knows neither rows nor queries.
 * A selector that makes a new object each time is safe here: it runs once for each
 * snapshot, so it cannot loop. One that throws does so while React renders, and so
 * lands in the nearest error boundary; no listener of the store ever sees it.
 */
import { useSyncExternalStoreWithSelector } from 'use-sync-external-store/with-selector'

/** Something to read and to listen to. Its identity is the subscription: a new one subscribes anew. */
export interface Source<T> {
  readonly subscribe: (listener: () => void) => () => void
  /** The same object until something in it changes. */
  readonly read: () => T
  /** What a server renders, and the browser's first render over that markup. */
  readonly readOnServer: () => T
}

export type Selector<T, S> = (snapshot: T) => S
export type IsEqual<S> = (before: S, after: S) => boolean

export function useSelected<T, S>(
  source: Source<T>,
  selector: Selector<T, S> | undefined,
  isEqual: IsEqual<S> | undefined,
): S {
  return useSyncExternalStoreWithSelector<T, S>(
    source.subscribe,
    source.read,
    source.readOnServer,
    selector ?? (itself as Selector<T, S>),
    isEqual,
  )
}

const itself = (snapshot: unknown): unknown => snapshot
