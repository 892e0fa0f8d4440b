/** Who writes here: the author id that others see, and the other author ids of the same person. */
import { useMemo } from 'react'
import type { Me } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Selector, useSelected } from './use-selected.ts'

/**
 * The person of the nearest store, as this store knows them; offline, too.
 * @throws Error outside a `SyncProvider`.
 */
export function useMe(): Me
/** A part of it. Renders only when the result of `selector` differs by `isEqual`. */
export function useMe<S>(selector: (me: Me) => S, isEqual?: (before: S, after: S) => boolean): S
export function useMe<S>(selector?: Selector<Me, S>, isEqual?: IsEqual<S>): S {
  const { me } = useNearestStore('useMe')
  const source = useMemo(
    () => ({
      subscribe: (listener: () => void) => me.subscribe(listener),
      read: () => me.getState(),
      readOnServer: () => me.getInitialState(),
    }),
    [me],
  )
  return useSelected<Me, S>(source, selector, isEqual)
}
