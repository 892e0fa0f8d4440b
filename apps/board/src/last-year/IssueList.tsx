/** The open and the done issues, sorted by rank, and the form that adds one. */
import { useSyncStore } from '@countersign/react'
import { useCallback, useRef, useState } from 'react'
import { useNotices } from '../pane/notices.ts'
import { AddIssue } from './AddIssue.tsx'
import { type IssueRow, Issue } from './issue.ts'
import { RefusedNotes } from './RefusedNotes.tsx'
import { Section } from './Section.tsx'

export function IssueList() {
  const store = useSyncStore()
  const { attempt, announce } = useNotices()
  const [openId, setOpenId] = useState<string>()
  // A ticked issue moves to the other section, together with the focus.
  const ticked = useRef<string>(undefined)

  const tick = useCallback(
    ({ id, title, done }: IssueRow): void => {
      ticked.current = id
      // Later moves, by other authors, do not move the focus.
      requestAnimationFrame(() => {
        ticked.current = undefined
      })
      if (!attempt(() => store.update(Issue, id, { done: !done }))) return
      announce(`${title}: ${done ? 'open again' : 'done'}`)
    },
    [store, attempt, announce],
  )
  const toggle = useCallback(
    (id: string): void => setOpenId((before) => (before === id ? undefined : id)),
    [],
  )
  const lines = { openId, ticked, onTick: tick, onToggle: toggle }

  return (
    <div className="lines">
      <div className="lines__sheet">
        <p className="lines__claim">
          The same issues as on today’s board, as this app has always known them: open or done. What
          newer apps have added stays as it is.
        </p>
        <RefusedNotes />
        <AddIssue />
        <Section done={false} {...lines} />
        <Section done {...lines} />
      </div>
    </div>
  )
}
