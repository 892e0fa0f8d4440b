/** Asks for an issue. It is on the board the moment the form is sent. */
import { useSyncStore } from '@countersign/react'
import { useState } from 'react'
import { readColumn } from '../board/moves.ts'
import { noFilter } from '../model/filter.ts'
import { titleLengthMax } from '../model/first-issue.ts'
import { Issue, type Status, pointsMax, statusNames, statuses } from '../model/issue.ts'
import { placeAt } from '../model/rank.ts'
import { useAssignees } from '../pane/useAssignees.ts'
import { useNotices } from '../pane/notices.ts'
import { Dialog } from '../parts/Dialog.tsx'

interface NewIssueDialogProps {
  readonly status: Status
  readonly onClose: () => void
}

export function NewIssueDialog({ status: first, onClose }: NewIssueDialogProps) {
  const store = useSyncStore()
  const { attempt, announce } = useNotices()
  const assignees = useAssignees()
  const [title, setTitle] = useState('')
  const [status, setStatus] = useState<Status>(first)
  const [points, setPoints] = useState('0')
  const [assignee, setAssignee] = useState('')

  const create = (): void => {
    // On top of its column, where the eye is.
    const { rank } = placeAt(readColumn(store, noFilter, status), 0)
    const input = { title: title.trim(), status, points: Number(points), assignee, rank }
    if (!attempt(() => store.create(Issue, input))) return
    announce(`Created in ${statusNames[status]}: ${input.title}`)
    onClose()
  }

  return (
    <Dialog title="New issue" onClose={onClose}>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          create()
        }}
      >
        <label className="form__row">
          Title
          <input
            value={title}
            onChange={(event) => setTitle(event.target.value)}
            required
            pattern=".*\S.*"
            maxLength={titleLengthMax}
            placeholder="What is to be done?"
            autoComplete="off"
            // oxlint-disable-next-line jsx-a11y/no-autofocus -- a dialog that asks for one thing
            autoFocus
          />
        </label>
        <div className="form__three">
          <label className="form__row">
            Status
            <select value={status} onChange={(event) => setStatus(event.target.value as Status)}>
              {statuses.map((name) => (
                <option key={name} value={name}>
                  {statusNames[name]}
                </option>
              ))}
            </select>
          </label>
          <label className="form__row">
            Points
            <select value={points} onChange={(event) => setPoints(event.target.value)}>
              {Array.from({ length: pointsMax + 1 }, (_, size) => (
                <option key={size} value={size}>
                  {size === 0 ? 'None' : size}
                </option>
              ))}
            </select>
          </label>
          <label className="form__row">
            Assignee
            <select value={assignee} onChange={(event) => setAssignee(event.target.value)}>
              {assignees.map((name) => (
                <option key={name} value={name}>
                  {name === '' ? 'Nobody' : name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <footer className="dialog__foot">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button--main">
            Create issue
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
