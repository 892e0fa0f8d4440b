/** A menu in the header with the issues in conflict. */
import { useConflicts } from '@countersign/react'
import { useIssue } from '../drawer/useIssue.ts'
import { type IssueConflict } from '../model/conflicts.ts'
import { Issue } from '../model/issue.ts'
import { fieldNames, listed } from '../model/words.ts'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { CountFace } from '../parts/CountFace.tsx'
import { useClosePopover } from '../parts/closePopover.ts'
import { Popover } from '../parts/Popover.tsx'
import { useResolveConflicts } from './resolving.ts'

export function ConflictsMenu() {
  const byIssue = grouped(useConflicts(Issue))
  const count = byIssue.size
  return (
    <Popover
      label={count === 0 ? 'Conflicts' : `Conflicts: ${count}`}
      hint="Conflicts"
      sheetLabel="Conflicts"
      className="button button--icon button--count"
      face={<CountFace icon="fork" count={count} tone="warn" />}
    >
      <div className="tray">
        <h2>Conflicts</h2>
        {count === 0 ? (
          <p className="quiet">There are no conflicts.</p>
        ) : (
          <ul className="tray__items">
            {[...byIssue].map(([id, conflicts]) => (
              <Line key={id} id={id} conflicts={conflicts} />
            ))}
          </ul>
        )}
        <CloseSheet />
      </div>
    </Popover>
  )
}

function Line({ id, conflicts }: { id: string; conflicts: readonly IssueConflict[] }) {
  const row = useIssue(id)
  const close = useClosePopover()
  const resolve = useResolveConflicts()
  return (
    <li>
      <button
        type="button"
        className="tray__line"
        onClick={() => {
          close()
          resolve(id)
        }}
      >
        <strong>{row?.title ?? 'An issue'}</strong>
        <span className="quiet">{listed(conflicts.map(({ field }) => fieldNames[field]))}</span>
      </button>
    </li>
  )
}

function grouped(conflicts: readonly IssueConflict[]): ReadonlyMap<string, IssueConflict[]> {
  const found = new Map<string, IssueConflict[]>()
  for (const conflict of conflicts) {
    const others = found.get(conflict.id)
    if (others) others.push(conflict)
    else found.set(conflict.id, [conflict])
  }
  return found
}
