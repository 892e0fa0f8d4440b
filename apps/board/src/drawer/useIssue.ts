/** The row of an id, archived or not; `useEntity` hides archived rows. */
import type { Row } from '@countersign/core'
import { useSyncStore } from '@countersign/react'
import { useCallback, useSyncExternalStore } from 'react'
import { Issue } from '../model/issue.ts'

export function useIssue(id: string): Row<typeof Issue> | undefined {
  const store = useSyncStore()
  const subscribe = useCallback(
    (listener: () => void) => store.subscribe(Issue, id, listener),
    [store, id],
  )
  return useSyncExternalStore(subscribe, () => store.peek(Issue, id).row)
}
