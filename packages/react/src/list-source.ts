/**
 * A live list of the store as a source for React. Empty on a server: these lists belong to one
 * person and one device.
 */
import type { LiveList } from '@countersign/core'
import { type Source, liveSource } from './use-selected.ts'

/** The subscribe and read functions of a list, for `useSyncExternalStore`; empty on a server. */
export function listSource<T>(list: LiveList<T>): Source<readonly T[]> {
  return liveSource(list, noItems)
}

// A single object: React would take a new one for a change.
const none: readonly never[] = Object.freeze([])
const noItems = (): readonly never[] => none
