/** How what is inside a popover closes it. */
import { createContext, useContext } from 'react'

export const ClosePopover = createContext<() => void>(() => {})

/** Closes the sheet this is in, and hands the focus back to its button. */
export function useClosePopover(): () => void {
  return useContext(ClosePopover)
}
