/**
 * Notices of a pane: announcements for screen readers, and short toasts with an undo button. Also
 * handles writes that throw.
 */
import { createContext, useContext } from 'react'

export interface Notices {
  /** Announced by screen readers, not shown. */
  readonly announce: (text: string) => void
  /** Shown for some seconds, and announced. */
  readonly toast: (text: string, undo?: () => void) => void
  /** A toast that removes all undo buttons, because their changes may be reverted already. */
  readonly news: (text: string) => void
  /** Runs a write; when it throws, shows a toast and returns undefined. */
  readonly attempt: <T>(write: () => T) => T | undefined
}

export const NoticesContext = createContext<Notices | null>(null)

export function useNotices(): Notices {
  const notices = useContext(NoticesContext)
  if (!notices) throw new Error('useNotices needs a NoticesProvider above it.')
  return notices
}
