/** The done issues, or the open ones. */
import { useQuery } from '@countersign/react'
import { type RefObject, useId, useMemo, useState } from 'react'
import { type IssueRow, Issue } from './issue.ts'
import { Line } from './Line.tsx'

interface SectionProps {
  readonly done: boolean
  /** The issue that shows all its fields. */
  readonly openId: string | undefined
  /** The issue that was ticked last, until it has the focus again. */
  readonly ticked: RefObject<string | undefined>
  readonly onTick: (row: IssueRow) => void
  readonly onToggle: (id: string) => void
}

/** Lines rendered initially, and added by each press on "more". */
const linesStep = 100

export function Section({ done, openId, ticked, onTick, onToggle }: SectionProps) {
  const { rows: found, complete } = useQuery(Issue, { where: { done }, orderBy: ['rank'] })
  // A query finds an issue whose tick is in conflict under both values; it is shown once.
  const rows = useMemo(() => found.filter((row) => row.done === done), [found, done])
  const [shown, setShown] = useState(linesStep)
  const heading = useId()
  return (
    <section className="lines__part" aria-labelledby={heading}>
      <h2 id={heading}>
        {done ? 'Done' : 'Open'} <span className="lines__count">{rows.length}</span>
      </h2>
      <ul className="lines__list">
        {rows.slice(0, shown).map((row) => (
          <Line
            key={row.id}
            row={row}
            open={row.id === openId}
            ticked={ticked}
            onTick={onTick}
            onToggle={onToggle}
          />
        ))}
        {rows.length === 0 && <li className="line--none">{emptyWords(done, complete)}</li>}
      </ul>
      {rows.length > shown && (
        <button
          type="button"
          className="button button--wide"
          onClick={() => setShown(shown + linesStep)}
        >
          Show more ({rows.length - shown})
        </button>
      )}
    </section>
  )
}

function emptyWords(done: boolean, complete: boolean): string {
  if (!complete) return 'Fetching issues…'
  return done ? 'Nothing is done yet.' : 'Nothing is open. Add the first one above.'
}
