/**
 * One issue on the board. Its title opens it; dragging, Shift with an arrow key, or the menu move it.
 */
import { type KeyboardEvent, type PointerEvent, memo } from 'react'
import { type IssueRow, statusNames, statuses } from '../model/issue.ts'
import { Icon } from '../parts/Icon.tsx'
import { Menu, type MenuItem } from '../parts/Menu.tsx'
import { CardFace } from './CardFace.tsx'
import type { Direction } from './moves.ts'
import { useArchive } from './useMoves.ts'

export interface CardActions {
  readonly onArm: (event: PointerEvent<HTMLElement>, id: string) => void
  readonly onStep: (row: IssueRow, direction: Direction) => void
  readonly onOpen: (id: string) => void
}

interface CardProps extends CardActions {
  readonly row: IssueRow
  /** Whether the drawer shows it. */
  readonly current: boolean
  readonly dragged: boolean
}

const arrows: Readonly<Record<string, Direction>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
}

export const Card = memo(function Card({
  row,
  current,
  dragged,
  onArm,
  onStep,
  onOpen,
}: CardProps) {
  const archive = useArchive()
  const step = (event: KeyboardEvent): void => {
    const direction = arrows[event.key]
    if (!event.shiftKey || !direction || row.$archived) return
    event.preventDefault()
    onStep(row, direction)
  }
  return (
    <li
      className="card"
      data-card={row.id}
      data-state={row.$state}
      data-dragged={dragged}
      onPointerDown={(event) => !row.$archived && onArm(event, row.id)}
    >
      <CardFace
        row={row}
        title={
          <button
            type="button"
            className="card__open"
            data-opens={row.id}
            aria-current={current}
            onClick={() => onOpen(row.id)}
            onKeyDown={step}
            aria-keyshortcuts={
              row.$archived
                ? undefined
                : 'Shift+ArrowUp Shift+ArrowDown Shift+ArrowLeft Shift+ArrowRight'
            }
          >
            {row.title}
          </button>
        }
        corner={
          <>
            {!row.$archived && (
              <span className="card__grip" data-grip aria-hidden="true">
                <Icon name="grip" />
              </span>
            )}
            <Menu
              face={<Icon name="dots" />}
              label={`Move or archive: ${row.title}`}
              className="button button--icon button--small"
              items={[
                ...(row.$archived ? [] : moveItems(row, onStep)),
                {
                  icon: row.$archived ? 'restore' : 'archive',
                  label: row.$archived ? 'Restore' : 'Archive',
                  run: () => archive(row),
                },
              ]}
            />
          </>
        }
      />
    </li>
  )
})

function moveItems(row: IssueRow, onStep: CardActions['onStep']): readonly MenuItem[] {
  const at = statuses.indexOf(row.status)
  const [before, after] = [statuses[at - 1], statuses[at + 1]]
  const item = (direction: Direction, label: string): MenuItem => ({
    icon: direction,
    label,
    keys: `Shift+Arrow${direction[0]!.toUpperCase()}${direction.slice(1)}`,
    run: () => onStep(row, direction),
  })
  return [
    item('up', 'Move up'),
    item('down', 'Move down'),
    ...(before ? [item('left', `Move left to ${statusNames[before]}`)] : []),
    ...(after ? [item('right', `Move right to ${statusNames[after]}`)] : []),
  ]
}
