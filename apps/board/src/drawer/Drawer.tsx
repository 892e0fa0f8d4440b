/** One issue in full: all fields are editable in place, with its history below. */
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { useArchive } from '../board/useMoves.ts'
import { Icon } from '../parts/Icon.tsx'
import { IssueNumber } from '../parts/IssueNumber.tsx'
import { ConflictBanner } from './ConflictBanner.tsx'
import { Facts } from './Facts.tsx'
import { Fields } from './Fields.tsx'
import { HistoryButton } from './HistoryButton.tsx'
import { useIssue } from './useIssue.ts'

interface DrawerProps {
  readonly id: string
  readonly onClose: () => void
}

export function Drawer({ id, onClose }: DrawerProps) {
  const row = useIssue(id)
  const archive = useArchive()
  const closeButton = useRef<HTMLButtonElement>(null)
  // Moves the focus into the drawer; closing restores it.
  useEffect(() => closeButton.current?.focus(), [])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    // A popover inside closes itself; only the next Escape closes the drawer.
    if (event.target instanceof Element && event.target.closest('[popover]')) return
    onClose()
  }

  return (
    <aside
      className="drawer"
      aria-label={row ? `Issue: ${row.title}` : 'Issue'}
      onKeyDown={onKeyDown}
    >
      <header className="drawer__head">
        {row && <IssueNumber row={row} />}
        {row?.$archived && <span className="badge">archived</span>}
        <span className="drawer__space" />
        {row && <HistoryButton row={row} />}
        {row && (
          <button type="button" className="button" onClick={() => archive(row)}>
            <Icon name={row.$archived ? 'restore' : 'archive'} />
            {row.$archived ? 'Restore' : 'Archive'}
          </button>
        )}
        <button
          ref={closeButton}
          type="button"
          className="button button--icon"
          aria-label="Close issue"
          data-closes
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      {row ? (
        <div className="drawer__body">
          <ConflictBanner row={row} />
          <Fields row={row} />
          <Facts row={row} />
        </div>
      ) : (
        <p className="blank">This issue is not here.</p>
      )}
    </aside>
  )
}
