/** The context by which badges open the dialog that resolves the conflicts of an issue. */
import { createContext, useContext } from 'react'

export const ResolveConflicts = createContext<(id: string) => void>(() => {})

/** Opens the dialog for the issue of that id. */
export function useResolveConflicts(): (id: string) => void {
  return useContext(ResolveConflicts)
}
