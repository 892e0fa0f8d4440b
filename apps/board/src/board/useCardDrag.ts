/**
 * Drag and drop by pointer events, for mouse, pen and touch. A drag starts after a few pixels, so
 * that clicks still work; touch drags only by the grip, so that scrolling still works. Escape cancels
 * the drag. Nothing is written before the drop.
 *
 *   pointerdown ─▶ armed ─(4 px)─▶ dragging ─▶ pointerup: drop at the marked place
 *                    └─ pointerup: a click          └─ Escape, pointercancel: nothing
 */
import {
  type PointerEvent as ReactPointerEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from 'react'
import type { Status } from '../model/issue.ts'
import type { Place } from './moves.ts'
import { scrollAtEdge } from './scrollAtEdge.ts'

export interface Drag {
  readonly id: string
  readonly x: number
  readonly y: number
  readonly width: number
  /** The offset of the pointer from the corner of the card. */
  readonly grabX: number
  readonly grabY: number
  readonly over: Place | undefined
}

const startPx = 4

export function useCardDrag(
  board: RefObject<HTMLElement | null>,
  onDrop: (id: string, place: Place) => void,
): [Drag | undefined, (event: ReactPointerEvent<HTMLElement>, id: string) => void] {
  const [drag, setDrag] = useState<Drag>()
  const stop = useRef<() => void>(undefined)
  // Stops the drag when the board is unmounted.
  useEffect(() => () => stop.current?.(), [])

  const arm = (event: ReactPointerEvent<HTMLElement>, id: string): void => {
    const target = event.target as HTMLElement
    if (event.button !== 0 || target.closest('[data-nodrag]')) return
    if (event.pointerType === 'touch' && !target.closest('[data-grip]')) return
    const card = event.currentTarget.getBoundingClientRect()
    const { clientX, clientY, pointerId } = event
    const grab = { id, width: card.width, grabX: clientX - card.left, grabY: clientY - card.top }
    const quit = new AbortController()
    let current: Drag | undefined

    const end = (): void => {
      quit.abort()
      setDrag(undefined)
    }
    const move = (moved: PointerEvent): void => {
      if (moved.pointerId !== pointerId) return
      const { clientX: x, clientY: y } = moved
      if (!current && Math.hypot(x - clientX, y - clientY) < startPx) return
      const over = board.current ? placeUnder(board.current, x, y, id) : undefined
      current = { ...grab, x, y, over }
      setDrag(current)
      if (board.current) scrollAtEdge(board.current, x, y)
    }
    const up = (released: PointerEvent): void => {
      if (released.pointerId !== pointerId) return
      if (current) swallowClick()
      if (current?.over) onDrop(id, current.over)
      end()
    }
    const { signal } = quit
    stop.current = end
    addEventListener('pointermove', move, { signal })
    addEventListener('pointerup', up, { signal })
    addEventListener('pointercancel', end, { signal })
    addEventListener('keydown', (pressed) => pressed.key === 'Escape' && end(), { signal })
  }
  return [drag, arm]
}

/** The column under the pointer, and the index among its cards without the dragged one. */
function placeUnder(board: HTMLElement, x: number, y: number, id: string): Place | undefined {
  const columns = [...board.querySelectorAll<HTMLElement>('[data-column]')]
  const column = columns.find((each) => {
    const box = each.getBoundingClientRect()
    return x >= box.left && x <= box.right && y >= box.top - 40 && y <= box.bottom + 40
  })
  if (!column) return undefined
  const cards = [...column.querySelectorAll<HTMLElement>('[data-card]')].filter(
    (card) => card.dataset['card'] !== id,
  )
  const index = cards.filter((card) => {
    const box = card.getBoundingClientRect()
    return box.top + box.height / 2 < y
  }).length
  return { status: column.dataset['column'] as Status, index }
}

/** Ignores the click that follows the end of a drag. */
function swallowClick(): void {
  const swallow = (event: Event): void => {
    event.preventDefault()
    event.stopPropagation()
  }
  addEventListener('click', swallow, { capture: true, once: true })
  // If no click follows, the next real one must work.
  setTimeout(() => removeEventListener('click', swallow, { capture: true }), 0)
}
