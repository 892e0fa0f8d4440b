/** One issue in the list: a checkbox, a title that opens its fields, author and reviewer. */
import { type KeyboardEvent, type RefObject, memo, useEffect, useId, useRef } from 'react'
import { Icon } from '../parts/Icon.tsx'
import { IssueNumber } from '../parts/IssueNumber.tsx'
import { Signatures } from '../parts/Signatures.tsx'
import type { IssueRow } from './issue.ts'
import { LineFields } from './LineFields.tsx'

interface LineProps {
  readonly row: IssueRow
  readonly open: boolean
  readonly ticked: RefObject<string | undefined>
  readonly onTick: (row: IssueRow) => void
  readonly onToggle: (id: string) => void
}

export const Line = memo(function Line({ row, open, ticked, onTick, onToggle }: LineProps) {
  const fields = useId()
  const tick = useRef<HTMLInputElement>(null)
  const title = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (ticked.current === row.id) tick.current?.focus()
  }, [ticked, row.id])
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !open) return
    title.current?.focus()
    onToggle(row.id)
  }
  return (
    <li className="line" data-issue={row.id} data-done={row.done} onKeyDown={leave}>
      <label className="line__tick">
        <span className="unseen">Done: {row.title}</span>
        <input ref={tick} type="checkbox" checked={row.done} onChange={() => onTick(row)} />
      </label>
      <button
        ref={title}
        type="button"
        className="line__title"
        aria-expanded={open}
        aria-controls={open ? fields : undefined}
        onClick={() => onToggle(row.id)}
      >
        {row.title}
      </button>
      <div className="line__tags">
        {row.assignee !== '' && <span className="line__assignee">{row.assignee}</span>}
        {Object.keys(row.$conflicts).length > 0 && (
          <span className="badge" data-tone="warn">
            <Icon name="fork" />
            conflict
          </span>
        )}
        <IssueNumber row={row} />
      </div>
      <div className="line__signed">
        <Signatures row={row} />
      </div>
      {open && (
        <div id={fields} className="line__fields">
          <LineFields row={row} />
        </div>
      )}
    </li>
  )
})
