/** Connection, outbox, storage and lineage of the store, as the app shows them to its user. */
import { useMemo } from 'react'
import type { SyncStatus } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * The status of the nearest store. It changes with every message that is sent: select the part
 * that is shown.
 * @throws Error outside a `SyncProvider`.
 */
export function useSyncStatus(): SyncStatus
/** A part of it. Renders only when what `selector` returns differs by `isEqual`. */
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
