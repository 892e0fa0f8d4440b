/** How a badge, wherever it is, asks for the dialog in which conflicts of an issue are decided. */
import { createContext, useContext } from 'react'

export const ResolveConflicts = createContext<(id: string) => void>(() => {})

/** Opens the dialog for the issue of that id. */
export function useResolveConflicts(): (id: string) => void {
  return useContext(ResolveConflicts)
}
