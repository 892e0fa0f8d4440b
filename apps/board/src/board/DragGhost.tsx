/** The dragged card, drawn on top of everything and hidden from assistive technology. */
import { useEntity } from '@countersign/react'
import { createPortal } from 'react-dom'
import { Issue } from '../model/issue.ts'
import { CardFace } from './CardFace.tsx'
import type { Drag } from './useCardDrag.ts'

export function DragGhost({ drag }: { drag: Drag }) {
  const row = useEntity(Issue, drag.id)
  if (!row) return null
  const place = {
    width: drag.width,
    translate: `${drag.x - drag.grabX}px ${drag.y - drag.grabY}px`,
  }
  return createPortal(
    <div className="card card--ghost" style={place} aria-hidden="true" inert>
      <CardFace row={row} />
    </div>,
    document.body,
  )
}
