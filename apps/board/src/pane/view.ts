/** The view of a pane, board or list; kept for the lifetime of the tab. */
import { useState } from 'react'
import { keep, kept } from '../session/kept.ts'

export type View = 'board' | 'list'

export function useKeptView(seat: string): [View, (view: View) => void] {
  const name = `${seat}.view`
  const [view, setView] = useState<View>(() => (kept(name) === 'list' ? 'list' : 'board'))
  return [
    view,
    (next) => {
      keep(name, next)
      setView(next)
    },
  ]
}
