/** A one-line form that creates an issue at the top of the open ones. */
import { useSyncStore } from '@countersign/react'
import { useState } from 'react'
import { titleLengthMax } from '../model/first-issue.ts'
import { placeAt } from '../model/rank.ts'
import { useNotices } from '../pane/notices.ts'
import { Issue } from './issue.ts'

export function AddIssue() {
  const store = useSyncStore()
  const { attempt, announce } = useNotices()
  const [title, setTitle] = useState('')

  const add = (): void => {
    const { rows } = store.query(Issue, { where: { done: false }, orderBy: ['rank'] })
    const input = { title: title.trim(), rank: placeAt(rows, 0).rank }
    if (!attempt(() => store.create(Issue, input))) return
    announce(`Added: ${input.title}`)
    setTitle('')
  }

  return (
    <form
      className="lines__add"
      onSubmit={(event) => {
        event.preventDefault()
        add()
      }}
    >
      <label className="lines__ask">
        <span className="unseen">New issue</span>
        <input
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          required
          pattern=".*\S.*"
          maxLength={titleLengthMax}
          placeholder="What is to be done?"
          autoComplete="off"
        />
      </label>
      <button type="submit" className="button button--main">
        Add
      </button>
    </form>
  )
}
