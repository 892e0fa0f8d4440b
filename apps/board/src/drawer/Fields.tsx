/** The fields of an issue. Each change is written immediately, without a submit button. */
import { CountersignError } from '@countersign/core'
import type { Patch } from '@countersign/core'
import { useSyncStore } from '@countersign/react'
import { conflictedFields } from '../model/conflicts.ts'
import { Issue, type IssueRow, pointsMax, statusNames, statuses } from '../model/issue.ts'
import type { Field } from '../model/words.ts'
import { useAssignees } from '../pane/useAssignees.ts'
import { useNotices } from '../pane/notices.ts'
import { ConflictBadge } from '../parts/ConflictBadge.tsx'
import { ChoiceField } from './ChoiceField.tsx'
import { SelectField } from './SelectField.tsx'
import { TextField } from './TextField.tsx'

const sizes = Array.from({ length: pointsMax + 1 }, (_, points) => String(points))

export function Fields({ row }: { row: IssueRow }) {
  const store = useSyncStore()
  const { attempt } = useNotices()
  const assignees = useAssignees()

  const write = (patch: Patch<typeof Issue>): void => {
    attempt(() => store.update(Issue, row.id, patch))
  }
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
  const conflicted = conflictedFields(row)
  const badge = (field: Field) => (
    <ConflictBadge id={row.id} fields={conflicted.filter((name) => name === field)} />
  )

  return (
    <div className="fields">
      <TextField
        label="Title"
        className="field--title"
        value={row.title}
        write={(title) => writeText({ title })}
        badge={badge('title')}
      />
      <ChoiceField
        label="Status"
        value={row.status}
        choices={statuses.map((status) => [status, statusNames[status]] as const)}
        onChoose={(status) => write({ status })}
        badge={badge('status')}
      />
      <SelectField
        label="Points"
        value={String(row.points)}
        choices={sizes.map((size) => [size, size === '0' ? 'None' : size] as const)}
        onPick={(points) => write({ points: Number(points) })}
        badge={badge('points')}
      />
      <SelectField
        label="Assignee"
        value={row.assignee}
        choices={assignees.map((name) => [name, name === '' ? 'Nobody' : name] as const)}
        onPick={(assignee) => write({ assignee })}
        badge={badge('assignee')}
      />
      <TextField
        label="Notes"
        className="field--notes"
        value={row.notes}
        placeholder="Notes for the person who works on this"
        write={(notes) => writeText({ notes })}
        badge={badge('notes')}
        lines
      />
    </div>
  )
}
