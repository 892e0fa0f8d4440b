/** A menu of commands. Arrow keys move, Enter runs, Escape and a click outside close. */
import type { KeyboardEvent, ReactNode } from 'react'
import { Icon, type IconName } from './Icon.tsx'
import { useClosePopover } from './closePopover.ts'
import { Popover } from './Popover.tsx'

export interface MenuItem {
  readonly icon: IconName
  readonly label: string
  /** The keyboard shortcut of the same command. */
  readonly keys?: string
  readonly run: () => void
}

interface MenuProps {
  readonly face: ReactNode
  readonly label: string
  readonly className?: string
  readonly items: readonly MenuItem[]
}

export function Menu({ face, label, className, items }: MenuProps) {
  return (
    <Popover
      face={face}
      label={label}
      role="menu"
      sheetLabel={label}
      {...(className !== undefined && { className })}
    >
      <MenuItems items={items} />
    </Popover>
  )
}

function MenuItems({ items }: { items: readonly MenuItem[] }) {
  const close = useClosePopover()
  return (
    <div role="none" className="menu" onKeyDown={walk}>
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          className="menu__item"
          aria-keyshortcuts={item.keys}
          tabIndex={-1}
          onClick={() => {
            // Closed first, so that the item can move the focus.
            close()
            item.run()
          }}
        >
          <Icon name={item.icon} />
          {item.label}
          {item.keys !== undefined && (
            <kbd aria-hidden="true">{item.keys.replace('Arrow', '')}</kbd>
          )}
        </button>
      ))}
    </div>
  )
}

const steps: Readonly<Record<string, (at: number, count: number) => number>> = {
  ArrowDown: (at, count) => (at + 1) % count,
  ArrowUp: (at, count) => (at - 1 + count) % count,
  Home: () => 0,
  End: (_, count) => count - 1,
}

function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = steps[event.key]
  if (!step) return
  event.preventDefault()
  event.stopPropagation()
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="menuitem"]')]
  const at = all.indexOf(document.activeElement as HTMLElement)
  all[step(at, all.length)]?.focus()
}
