/** One issue in the table. */
import { memo } from 'react'
import { type IssueRow } from '../model/issue.ts'
import { conflictedFields } from '../model/conflicts.ts'
import { ConflictBadge } from '../parts/ConflictBadge.tsx'
import { IssueNumber } from '../parts/IssueNumber.tsx'
import { Points } from '../parts/Points.tsx'
import { Signatures } from '../parts/Signatures.tsx'
import { StatusPill } from '../parts/StatusPill.tsx'

interface IssueTableRowProps {
  readonly row: IssueRow
  /** Whether the drawer shows it. */
  readonly current: boolean
  readonly onOpen: (id: string) => void
}

export const IssueTableRow = memo(function IssueTableRow({
  row,
  current,
  onOpen,
}: IssueTableRowProps) {
  return (
    <tr data-issue={row.id}>
      <td data-field="$createdOrderKey">
        <IssueNumber row={row} />
      </td>
      <th scope="row" data-field="title">
        <button
          type="button"
          className="table__open"
          data-opens={row.id}
          aria-current={current}
          onClick={() => onOpen(row.id)}
        >
          {row.title}
        </button>
        <ConflictBadge id={row.id} fields={conflictedFields(row)} />
        {/* Replaces the last column in a narrow view. */}
        <div className="table__signed">
          <Signatures row={row} />
        </div>
      </th>
      <td data-field="status">
        <StatusPill status={row.status} />
      </td>
      <td data-field="points">
        <Points points={row.points} />
      </td>
      <td data-field="assignee">{row.assignee}</td>
      <td data-field="$author">
        <Signatures row={row} />
      </td>
    </tr>
  )
})
