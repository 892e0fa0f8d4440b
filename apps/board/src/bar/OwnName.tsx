/** The author of this pane, with the name that others see. */
import { useSyncStatus } from '@countersign/react'
import type { CSSProperties } from 'react'
import { personOf } from '../model/people.ts'

export function OwnName() {
  const id = useSyncStatus((status) => status.authorId)
  if (id === undefined) return null
  const { name, initials, hue } = personOf(id)
  return (
    <span className="statusbar__item" data-part="myself" title={`You sign as ${name} (${id})`}>
      <span className="person__disc" style={{ '--hue': hue } as CSSProperties} aria-hidden="true">
        {initials}
      </span>
      <span className="unseen">You are </span>
      {name}
    </span>
  )
}
