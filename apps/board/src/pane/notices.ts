/**
 * What a pane tells its reader besides what it shows: spoken news for people who do not see a card
 * move, and a short toast with a way back. Also the one place where a refused write ends.
 */
import { createContext, useContext } from 'react'

export interface Notices {
  /** Said by screen readers, not shown. */
  readonly announce: (text: string) => void
  /** Shown for some seconds, and said. */
  readonly toast: (text: string, undo?: () => void) => void
  /** A toast that ends every offer to undo: what was done is gone already, or may be. */
  readonly news: (text: string) => void
  /** Runs a write; one that the store refuses becomes a toast and returns undefined. */
  readonly attempt: <T>(write: () => T) => T | undefined
}

export const NoticesContext = createContext<Notices | null>(null)

export function useNotices(): Notices {
  const notices = useContext(NoticesContext)
  if (!notices) throw new Error('useNotices needs a NoticesProvider above it.')
  return notices
}
