/**
 * Fields with several values until the conflict is resolved, as a live list. The store decides what
 * a row in conflict shows, and which resolution is accepted.
 */
import { useMemo } from 'react'
import type { Conflict, Entity } from '@countersign/core'
import { listSource } from './list-source.ts'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * Open conflicts of one type, or of all, oldest first. The same array until a row in conflict
 * changes; then one render. Each has its own `resolve`.
 * @throws Error outside a `SyncProvider`; CountersignError for a type that the store does not know.
 */
export function useConflicts<E extends Entity = Entity>(entity?: E): readonly Conflict<E>[]
/** A part of the conflicts. Renders only when the result of `selector` differs by `isEqual`. */
export function useConflicts<E extends Entity, S>(
  entity: E | undefined,
  selector: (conflicts: readonly Conflict<E>[]) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
export function useConflicts<E extends Entity, S>(
  entity?: E,
  selector?: Selector<readonly Conflict<E>[], S>,
  isEqual?: IsEqual<S>,
): S {
  const store = useNearestStore('useConflicts')
  const source = useMemo(() => listSource(store.conflicts(entity)), [store, entity])
  return useSelected<readonly Conflict<E>[], S>(source, selector, isEqual)
}
