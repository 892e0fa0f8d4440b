/** The history of an issue, fetched from the reviewer when it is opened, and again when the issue changes. */
import { CountersignError, type History } from '@countersign/core'
import { useSyncStore } from '@countersign/react'
import { useEffect, useState } from 'react'
import { Issue, type IssueRow } from '../model/issue.ts'

export interface Asked {
  /** The last answer; undefined until the first. */
  readonly history: History | undefined
  /** Whether the last request failed. */
  readonly failed: boolean
}

export function useHistory(row: IssueRow): Asked {
  const store = useSyncStore()
  const [asked, setAsked] = useState<Asked>({ history: undefined, failed: false })
  useEffect(() => {
    let isOver = false
    store.history(Issue, row.id).then(
      (history) => {
        if (!isOver) setAsked({ history, failed: false })
      },
      (error: unknown) => {
        if (!(error instanceof CountersignError)) throw error
        if (!isOver) setAsked(({ history }) => ({ history, failed: true }))
      },
    )
    return () => {
      isOver = true
    }
  }, [store, row])
  return asked
}
