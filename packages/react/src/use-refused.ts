/**
 * Own messages that a reviewer has refused, as a list that stays up to date: out of every row
 * already, and kept until the app writes them anew (`store.reauthor`) or drops them (`discard`).
 */
import { useMemo } from 'react'
import type { RefusedMessage } from '@countersign/core'
import { listSource } from './list-source.ts'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * Refused messages and those that stand on them, in causal order. The same array until one comes
 * or goes; then one render.
 * @throws Error outside a `SyncProvider`.
 */
export function useRefused(): readonly RefusedMessage[]
/** A part of them. Renders only when what `selector` returns differs by `isEqual`. */
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
