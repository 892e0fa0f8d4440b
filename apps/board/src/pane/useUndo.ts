/** Runs undo or redo for this person, and shows the result. */
import { useSyncStore } from '@countersign/react'
import { useCallback } from 'react'
import { Issue } from '../model/issue.ts'
import { type Way, reportWords } from '../model/undoing.ts'
import { useNotices } from './notices.ts'

export function useUndo(): (way: Way) => void {
  const store = useSyncStore()
  const { toast, attempt } = useNotices()
  return useCallback(
    (way) =>
      attempt(() => {
        const report = store[way]()
        toast(reportWords(way, report, (id) => store.peek(Issue, id).row?.title))
      }),
    [store, toast, attempt],
  )
}
