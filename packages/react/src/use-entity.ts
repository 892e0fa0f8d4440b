/**
 * One row by its id. Subscribes to that row only: a write to another row costs this
 * component nothing, however many are mounted. Reads memory, never storage.
 */
import { useMemo } from 'react'
import type { Entity, Row, SyncStore, Uuid } from '@countersign/core'
import { useNearestStore } from './sync-provider.ts'
import { type IsEqual, type Source, useSelected } from './use-selected.ts'

/**
 * The row, or undefined while it is unknown, archived, or `id` is missing. The same object until
 * the row changes; then one render.
 * @throws Error outside a `SyncProvider`.
 */
export function useEntity<E extends Entity>(
  entity: E,
  id: Uuid | null | undefined,
): Row<E> | undefined
/**
 * A part of the row. Renders only when the result of `selector` differs by `isEqual` (default:
 * `Object.is`). The selector is called only while there is a row.
 */
export function useEntity<E extends Entity, S>(
  entity: E,
  id: Uuid | null | undefined,
  selector: (row: Row<E>) => S,
  isEqual?: (before: S, after: S) => boolean,
): S | undefined
export function useEntity<E extends Entity, S>(
  entity: E,
  id: Uuid | null | undefined,
  selector?: (row: Row<E>) => S,
  isEqual?: IsEqual<S>,
): S | undefined {
  const store = useNearestStore('useEntity')
  const source = useMemo(() => rowSource(store, entity, id), [store, entity, id])
  return useSelected(source, selector, isEqual)
}

function rowSource<E extends Entity>(
  store: SyncStore,
  entity: E,
  id: Uuid | null | undefined,
): Source<Row<E> | undefined> {
  if (id === null || id === undefined) return noRow
  return {
    subscribe: (listener) => store.subscribe(entity, id, listener),
    read: () => store.read(entity, id),
    readOnServer: nothing,
  }
}

const nothing = (): undefined => undefined
const noRow: Source<undefined> = {
  subscribe: () => nothing,
  read: nothing,
  readOnServer: nothing,
}
