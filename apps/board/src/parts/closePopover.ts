/** The context by which the content of a popover closes it. */
import { createContext, useContext } from 'react'

export const ClosePopover = createContext<() => void>(() => {})

/** Closes the surrounding popover, and returns the focus to its button. */
export function useClosePopover(): () => void {
  return useContext(ClosePopover)
}
