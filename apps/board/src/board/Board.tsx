/** Three columns, and the card that is being dragged over them. */
import { useCallback, useRef } from 'react'
import { type Filter } from '../model/filter.ts'
import { type IssueRow, type Status, statuses } from '../model/issue.ts'
import { Column } from './Column.tsx'
import { DragGhost } from './DragGhost.tsx'
import type { Direction } from './moves.ts'
import { useCardDrag } from './useCardDrag.ts'
import { useMoves } from './useMoves.ts'

interface BoardProps {
  readonly filter: Filter
  readonly onOpen: (id: string) => void
  readonly onNew: (status: Status) => void
  readonly openId: string | undefined
}

export function Board({ filter, openId, onOpen, onNew }: BoardProps) {
  const board = useRef<HTMLDivElement>(null)
  const moves = useMoves(filter)
  const [drag, arm] = useCardDrag(board, moves.drop)

  const step = useCallback(
    (row: IssueRow, direction: Direction): void => {
      moves.step(row, direction)
      // In another column the card is a new element, so the focus must be restored.
      requestAnimationFrame(() => {
        const card = board.current?.querySelector<HTMLElement>(`[data-opens="${row.id}"]`)
        card?.focus()
        card?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
      })
    },
    [moves],
  )

  return (
    <div className="board" ref={board} data-dragging={drag !== undefined}>
      {statuses.map((status) => (
        <Column
          key={status}
          status={status}
          filter={filter}
          openId={openId}
          draggedId={drag?.id}
          dropAt={drag?.over?.status === status ? drag.over.index : undefined}
          onArm={arm}
          onStep={step}
          onOpen={onOpen}
          onNew={onNew}
        />
      ))}
      {drag && <DragGhost drag={drag} />}
    </div>
  )
}
