/**
 * A button that opens a small sheet beside it. The browser's own popover does the closing (click
 * outside, Escape, another popover) and lifts it over whatever would clip it; only the place is
 * worked out here.
 */
import { type ReactNode, useId, useRef, useState } from 'react'
import { ClosePopover } from './closePopover.ts'

interface PopoverProps {
  /** What is on the button. */
  readonly face: ReactNode
  readonly label?: string
  /** Shown by the pointer, for a button without words. */
  readonly hint?: string
  readonly className?: string
  readonly role?: 'menu' | 'dialog'
  readonly sheetLabel: string
  /** Drawn only while open. */
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
    // After React has drawn what is inside: only then it has a size and something to focus.
    if (now)
      requestAnimationFrame(
        () => button.current && sheet.current && settle(button.current, sheet.current),
      )
  }

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

/** Below the button where there is room, else above it; never over the edge of the window. */
function settle(button: HTMLElement, sheet: HTMLElement): void {
  const at = button.getBoundingClientRect()
  const { width, height } = sheet.getBoundingClientRect()
  const below = at.bottom + gapPx
  const fits = below + height + edgePx <= innerHeight
  const top = fits ? below : Math.max(edgePx, at.top - gapPx - height)
  const left = Math.min(Math.max(edgePx, at.right - width), innerWidth - width - edgePx)
  sheet.style.top = `${top}px`
  sheet.style.left = `${left}px`
  sheet.dataset['settled'] = ''
  sheet.querySelector<HTMLElement>('button, a, input, [tabindex]')?.focus()
}
