/** A form for a new issue, which is on the board as soon as the form is submitted. */
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

const pointChoices = Array.from({ length: pointsMax + 1 }, (_, size) => String(size))

export function NewIssueDialog({ status: first, onClose }: NewIssueDialogProps) {
  const store = useSyncStore()
  const { attempt, announce } = useNotices()
  const assignees = useAssignees()
  const [title, setTitle] = useState('')
  const [status, setStatus] = useState<Status>(first)
  const [points, setPoints] = useState('0')
  const [assignee, setAssignee] = useState('')

  const create = (): void => {
    // At the top of its column, where it is visible.
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
        <TitleInput value={title} onChange={setTitle} />
        <div className="form__three">
          <Choice
            label="Status"
            value={status}
            options={statuses}
            nameOf={(one) => statusNames[one]}
            onChoose={setStatus}
          />
          <Choice
            label="Points"
            value={points}
            options={pointChoices}
            nameOf={(size) => (size === '0' ? 'None' : size)}
            onChoose={setPoints}
          />
          <Choice
            label="Assignee"
            value={assignee}
            options={assignees}
            nameOf={(name) => (name === '' ? 'Nobody' : name)}
            onChoose={setAssignee}
          />
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

interface TitleInputProps {
  readonly value: string
  readonly onChange: (title: string) => void
}

function TitleInput({ value, onChange }: TitleInputProps) {
  return (
    <label className="form__row">
      Title
      <input
        value={value}
        onChange={(event) => onChange(event.target.value)}
        required
        pattern=".*\S.*"
        maxLength={titleLengthMax}
        placeholder="What is to be done?"
        autoComplete="off"
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- a dialog with one main input
        autoFocus
      />
    </label>
  )
}

interface ChoiceProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly T[]
  readonly nameOf: (option: T) => string
  readonly onChoose: (option: T) => void
}

function Choice<T extends string>({ label, value, options, nameOf, onChoose }: ChoiceProps<T>) {
  return (
    <label className="form__row">
      {label}
      <select value={value} onChange={(event) => onChoose(event.target.value as T)}>
        {options.map((option) => (
          <option key={option} value={option}>
            {nameOf(option)}
          </option>
        ))}
      </select>
    </label>
  )
}
