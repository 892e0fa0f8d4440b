/**
 * The keys Ctrl+Z and Ctrl+Shift+Z (Cmd on a Mac), except in text inputs, where the browser has its
 * own undo. With two panes, they apply to the one with the focus, or to the one used last.
 */
import { type RefObject, useEffect } from 'react'
import type { Way } from '../model/undoing.ts'

const lastUsed: { pane: Element | null } = { pane: null }

export function useUndoKeys(
  content: RefObject<HTMLElement | null>,
  take: (way: Way) => void,
): void {
  useEffect(() => {
    const paneOf = (): Element | null => content.current?.closest('.pane') ?? null
    const used = ({ target }: Event): void => {
      const pane = target instanceof Element ? target.closest('.pane') : null
      if (pane) lastUsed.pane = pane
    }
    const pressed = (event: KeyboardEvent): void => {
      const way = wayOf(event)
      if (!way || event.defaultPrevented || isTyping(event.target)) return
      if (document.querySelector('dialog[open]') || heard(event.target) !== paneOf()) return
      event.preventDefault()
      take(way)
    }
    document.addEventListener('keydown', pressed)
    document.addEventListener('focusin', used)
    document.addEventListener('pointerdown', used)
    return () => {
      document.removeEventListener('keydown', pressed)
      document.removeEventListener('focusin', used)
      document.removeEventListener('pointerdown', used)
    }
  }, [content, take])
}

function wayOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): Way | undefined {
  if (!(ctrlKey || metaKey) || altKey) return undefined
  if (key.toLowerCase() === 'z') return shiftKey ? 'redo' : 'undo'
  return key.toLowerCase() === 'y' && !shiftKey ? 'redo' : undefined
}

/** The pane that a key applies to. */
function heard(target: EventTarget | null): Element | null {
  const within = target instanceof Element ? target.closest('.pane') : null
  if (within) return within
  const last = lastUsed.pane?.isConnected === true ? lastUsed.pane : null
  return last ?? document.querySelector('.pane')
}

const untyped: ReadonlySet<string> = new Set(['radio', 'checkbox', 'button', 'submit', 'file'])

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !untyped.has(target.type)
  return (
    target instanceof HTMLTextAreaElement ||
    (target instanceof HTMLElement && target.isContentEditable)
  )
}
