/**
 * An open list of the store as something that React can read. A server shows none of it: what
 * waits for a decision belongs to one person, and to the device they hold.
 */
import type { LiveList } from '@countersign/core'
import type { Source } from './use-selected.ts'

/** A list of the store as `useSyncExternalStore` wants it; empty on a server. */
export function listSource<T>(list: LiveList<T>): Source<readonly T[]> {
  return {
    subscribe: (listener) => list.subscribe(listener),
    read: () => list.snapshot(),
    readOnServer: noItems,
  }
}

// One object, or React would take each read for a change.
const none: readonly never[] = Object.freeze([])
const noItems = (): readonly never[] => none
