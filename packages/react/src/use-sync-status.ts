/** Connection, outbox, storage and lineage of the store, for the app to show. */
import { useMemo } from 'react'
import type { SyncStatus } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * The status of the nearest store. It changes with every sent message: select the part that is
 * shown.
 * @throws Error outside a `SyncProvider`.
 */
export function useSyncStatus(): SyncStatus
/** A part of the status. Renders only when the result of `selector` differs by `isEqual`. */
export function useSyncStatus<S>(
  selector: (status: SyncStatus) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
export function useSyncStatus<S>(selector?: Selector<SyncStatus, S>, isEqual?: IsEqual<S>): S {
  const { status } = useNearestStore('useSyncStatus')
  const source = useMemo(
    () => ({
      subscribe: (listener: () => void) => status.subscribe(listener),
      read: () => status.getState(),
      readOnServer: () => status.getInitialState(),
    }),
    [status],
  )
  return useSelected<SyncStatus, S>(source, selector, isEqual)
}
