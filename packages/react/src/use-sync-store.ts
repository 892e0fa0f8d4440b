/** The store itself, for writes: `useSyncStore().update(Issue, id, { status: 'done' })`. */
import type { SyncStore } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'

/**
 * The store of the nearest provider. Causes no render: read through the other hooks.
 * @throws Error outside a `SyncProvider`.
 */
export function useSyncStore(): SyncStore {
  return useNearestStore('useSyncStore')
}
