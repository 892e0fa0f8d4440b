/** The content of a card: number, title, size, assignee, author and reviewer. */
import type { ReactNode } from 'react'
import type { IssueRow } from '../model/issue.ts'
import { conflictedFields } from '../model/conflicts.ts'
import { ConflictBadge } from '../parts/ConflictBadge.tsx'
import { IssueNumber } from '../parts/IssueNumber.tsx'
import { Points } from '../parts/Points.tsx'
import { Signatures } from '../parts/Signatures.tsx'

interface CardFaceProps {
  readonly row: IssueRow
  /** The title as a button; default: the plain title. */
  readonly title?: ReactNode
  readonly corner?: ReactNode
}

export function CardFace({ row, title = row.title, corner }: CardFaceProps) {
  return (
    <>
      <div className="card__top">
        <h3 className="card__title">{title}</h3>
        <span className="card__corner">{corner}</span>
      </div>
      <div className="card__tags">
        <IssueNumber row={row} />
        <Points points={row.points} />
        {row.assignee !== '' && <span className="card__assignee">{row.assignee}</span>}
        <ConflictBadge id={row.id} fields={conflictedFields(row)} />
      </div>
      <div className="card__foot">
        <Signatures row={row} />
      </div>
    </>
  )
}
