/**
 * Own messages that a reviewer has rejected, as a live list. They are removed from every row, and
 * kept until the app writes them again (`store.reauthor`) or discards them (`store.discard`).
 */
import { useMemo } from 'react'
import type { RefusedMessage } from '@countersign/core'
import { listSource } from './list-source.ts'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * Rejected messages and their descendants, in causal order. The same array until one is added or
 * removed; then one render.
 * @throws Error outside a `SyncProvider`.
 */
export function useRefused(): readonly RefusedMessage[]
/** A part of the list. Renders only when the result of `selector` differs by `isEqual`. */
export function useRefused<S>(
  selector: (refused: readonly RefusedMessage[]) => S,
  isEqual?: (before: S, after: S) => boolean,
): S
export function useRefused<S>(
  selector?: Selector<readonly RefusedMessage[], S>,
  isEqual?: IsEqual<S>,
): S {
  const { refused } = useNearestStore('useRefused')
  const source = useMemo(() => listSource(refused), [refused])
  return useSelected<readonly RefusedMessage[], S>(source, selector, isEqual)
}
