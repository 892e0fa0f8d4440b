/** The issues of one status, in the order of their ranks. */
import { useQuery, useSyncStatus } from '@countersign/react'
import { type ReactNode, useMemo, useState } from 'react'
import { type Filter, narrowedBy } from '../model/filter.ts'
import { Issue, type IssueRow, type Status, statusNames } from '../model/issue.ts'
import { Icon } from '../parts/Icon.tsx'
import { PartBoundary } from '../parts/PartBoundary.tsx'
import { Card, type CardActions } from './Card.tsx'
import { columnQuery, columnRows } from './moves.ts'

interface ColumnProps extends CardActions {
  readonly status: Status
  readonly filter: Filter
  readonly openId: string | undefined
  readonly draggedId: string | undefined
  /** The index at which the dragged card would be dropped, counted without it. */
  readonly dropAt: number | undefined
  readonly onNew: (status: Status) => void
}

/** Cards rendered initially, and added by each press on "more": thousands of cards make a page slow. */
const cardsStep = 100

export function Column(props: ColumnProps) {
  const { status, filter, draggedId, dropAt, onArm, onStep, onOpen } = props
  const { rows: found, complete } = useQuery(Issue, columnQuery(filter, status))
  const rows = useMemo(() => columnRows(found, filter, status), [found, filter, status])
  const [shown, setShown] = useState(cardsStep)
  const points = rows.reduce((sum, row) => sum + row.points, 0)
  const name = statusNames[status]
  return (
    <div className="column" data-column={status} role="group" aria-label={name}>
      <header className="column__head">
        <h2>{name}</h2>
        <span className="column__count" title={`${rows.length} issues, ${points} points`}>
          {rows.length}
          <span className="unseen"> issues, {points} points</span>
        </span>
        {points > 0 && (
          <span className="column__points" aria-hidden="true">
            {points} pt
          </span>
        )}
        {!filter.archived && (
          <button
            type="button"
            className="button button--icon button--small"
            aria-label={`New issue in ${name}`}
            onClick={() => props.onNew(status)}
          >
            <Icon name="plus" />
          </button>
        )}
      </header>
      {/* A scrollable list must be focusable, also while it is empty. */}
      <ul className="column__cards" data-scrolls tabIndex={rows.length === 0 ? 0 : undefined}>
        {withMark(rows.slice(0, shown), draggedId, dropAt).map((entry) =>
          entry === 'mark' ? (
            <li key="mark" className="drop-mark" aria-hidden="true" />
          ) : (
            <PartBoundary key={entry.id} what="This issue" as="li" className="card">
              <Card
                row={entry}
                current={entry.id === props.openId}
                dragged={entry.id === draggedId}
                onArm={onArm}
                onStep={onStep}
                onOpen={onOpen}
              />
            </PartBoundary>
          ),
        )}
        {rows.length === 0 && dropAt === undefined && (
          <li className="column__empty">
            <EmptyColumn {...props} complete={complete} />
          </li>
        )}
        {rows.length > shown && (
          <li>
            <button
              type="button"
              className="button button--wide"
              onClick={() => setShown(shown + cardsStep)}
            >
              Show more ({rows.length - shown})
            </button>
          </li>
        )}
      </ul>
    </div>
  )
}

function withMark(
  rows: readonly IssueRow[],
  draggedId: string | undefined,
  dropAt: number | undefined,
): readonly (IssueRow | 'mark')[] {
  if (dropAt === undefined) return rows
  const others = rows.filter((row) => row.id !== draggedId)
  const next = others[dropAt]
  const at = next ? rows.indexOf(next) : rows.length
  return [...rows.slice(0, at), 'mark', ...rows.slice(at)]
}

function EmptyColumn({
  status,
  filter,
  complete,
  onNew,
}: ColumnProps & { complete: boolean }): ReactNode {
  const offline = useSyncStatus(
    (sync) => sync.connection === 'offline' || sync.connection === 'none',
  )
  if (filter.text !== '' || narrowedBy({ ...filter, status: 'any' }) > 0) {
    return <p>Nothing here matches.</p>
  }
  if (filter.archived) return <p>Nothing archived.</p>
  if (!complete)
    return <p>{offline ? 'Issues load as soon as you are online.' : 'Fetching issues…'}</p>
  return (
    <>
      <p>Nothing in {statusNames[status]}.</p>
      <button type="button" className="link" onClick={() => onNew(status)}>
        Add an issue
      </button>
    </>
  )
}
