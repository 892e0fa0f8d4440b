/** All fields of an issue in last year's app, editable in place. */
import { CountersignError, type Patch } from '@countersign/core'
import { useQuery, useSyncStore } from '@countersign/react'
import { SelectField } from '../drawer/SelectField.tsx'
import { TextField } from '../drawer/TextField.tsx'
import { team } from '../model/first-issue.ts'
import { useNotices } from '../pane/notices.ts'
import { sameItems } from '../parts/sameItems.ts'
import { Disputes } from './Disputes.tsx'
import { type IssueRow, Issue } from './issue.ts'

export function LineFields({ row }: { row: IssueRow }) {
  const store = useSyncStore()
  const { attempt } = useNotices()
  const named = useQuery(
    Issue,
    {},
    ({ rows }) => [...new Set(rows.map(({ assignee }) => assignee))].toSorted(),
    sameItems,
  )
  const assignees = [...new Set(['', ...team, ...named])]

  // The error of an invalid text is shown at its field.
  const writeText = (patch: Patch<typeof Issue>): string | undefined => {
    try {
      store.update(Issue, row.id, patch)
      return undefined
    } catch (error) {
      if (error instanceof CountersignError) return error.reason ?? error.message
      throw error
    }
  }

  return (
    <>
      <Disputes id={row.id} />
      <div className="fields">
        <TextField
          label="Title"
          className="field--title"
          value={row.title}
          write={(title) => writeText({ title })}
        />
        <SelectField
          label="Assignee"
          value={row.assignee}
          choices={assignees.map((name) => [name, name === '' ? 'Nobody' : name] as const)}
          onPick={(assignee) => attempt(() => store.update(Issue, row.id, { assignee }))}
        />
        <TextField
          label="Notes"
          className="field--notes"
          value={row.notes}
          placeholder="Notes for the person who works on this"
          write={(notes) => writeText({ notes })}
          lines
        />
      </div>
    </>
  )
}
