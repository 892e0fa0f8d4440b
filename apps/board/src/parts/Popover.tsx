/**
 * A button with a popover. The native popover handles closing (click outside, Escape, another popover)
 * and the top layer; only the position is computed here.
 */
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { ClosePopover } from './closePopover.ts'

interface PopoverProps {
  /** The content of the button. */
  readonly face: ReactNode
  readonly label?: string
  /** A tooltip, for a button without text. */
  readonly hint?: string
  readonly className?: string
  readonly role?: 'menu' | 'dialog'
  readonly sheetLabel: string
  /** Rendered only while open. */
  readonly children: ReactNode
}

const gapPx = 6
const edgePx = 8

export function Popover(props: PopoverProps) {
  const id = useId()
  const button = useRef<HTMLButtonElement>(null)
  const sheet = useRef<HTMLDivElement>(null)
  const [open, setOpen] = useState(false)
  const role = props.role ?? 'dialog'

  const close = (): void => {
    sheet.current?.hidePopover()
    button.current?.focus()
  }

  const toggled = (now: boolean): void => {
    setOpen(now)
    if (!now) delete sheet.current?.dataset['settled']
    // After React has rendered the content, which then has a size and focusable elements.
    if (now)
      requestAnimationFrame(
        () => button.current && sheet.current && settle(button.current, sheet.current),
      )
  }

  // The content may grow while it is open.
  useEffect(() => {
    const [from, element] = [button.current, sheet.current]
    if (!open || !from || !element) return undefined
    const observer = new ResizeObserver(() => place(from, element))
    observer.observe(element)
    return () => observer.disconnect()
  }, [open])

  return (
    <>
      <button
        ref={button}
        type="button"
        className={props.className ?? 'button'}
        aria-label={props.label}
        title={props.hint}
        aria-haspopup={role}
        aria-expanded={open}
        popoverTarget={id}
        data-nodrag
      >
        {props.face}
      </button>
      <div
        ref={sheet}
        id={id}
        popover="auto"
        role={role}
        aria-label={props.sheetLabel}
        className="sheet"
        data-nodrag
        onToggle={(event) => toggled(event.newState === 'open')}
      >
        <ClosePopover value={close}>{open && props.children}</ClosePopover>
      </div>
    </>
  )
}

/** Positions the popover, shows it, and moves the focus into it. */
function settle(button: HTMLElement, sheet: HTMLElement): void {
  place(button, sheet)
  sheet.dataset['settled'] = ''
  sheet.querySelector<HTMLElement>('button, a, input, [tabindex]')?.focus()
}

/** Positions the popover below the button where there is room, else above it, within the window. */
function place(button: HTMLElement, sheet: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { width, height } = sheet.getBoundingClientRect()
  const below = at.bottom + gapPx
  const fits = below + height + edgePx <= innerHeight
  const top = fits ? below : Math.max(edgePx, at.top - gapPx - height)
  const left = Math.min(Math.max(edgePx, at.right - width), innerWidth - width - edgePx)
  sheet.style.top = `${top}px`
  sheet.style.left = `${left}px`
}
