/** The current names of people and issues, for sentences. */
import { useSyncStore } from '@countersign/react'
import { useMemo } from 'react'
import { Issue } from '../model/issue.ts'
import { personOf } from '../model/people.ts'
import type { Names } from '../model/refusals.ts'

export function useNames(): Names {
  const store = useSyncStore()
  return useMemo(
    () => ({
      personOf: (id) => {
        const { provisional } = store.status.getState()
        const isMyReview = provisional?.isSelf === true && provisional.reviewerId === id
        return store.isMine(id) || isMyReview ? 'You' : personOf(id).name
      },
      titleOf: (id) => store.peek(Issue, id).row?.title,
    }),
    [store],
  )
}
