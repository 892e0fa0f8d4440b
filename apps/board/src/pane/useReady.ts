/**
 * Whether the store can be written to. A state and not `use(store.ready)`: a suspended tree is
 * drawn again at React's lowest priority, and on a busy machine a clock that ticks elsewhere on the
 * page can put that off without end.
 */
import { useSyncStore } from '@countersign/react'
import { useEffect, useState } from 'react'

/** @throws what the store failed with, for the boundary above. */
export function useReady(): boolean {
  const { ready } = useSyncStore()
  const [state, setState] = useState<{ readonly failure?: Error }>()
  useEffect(() => {
    let gone = false
    const tell = (next: { readonly failure?: Error }): void => {
      if (!gone) setState(next)
    }
    ready.then(
      () => tell({}),
      (error: unknown) =>
        tell({ failure: error instanceof Error ? error : new Error(String(error)) }),
    )
    return () => {
      gone = true
    }
  }, [ready])
  if (state?.failure) throw state.failure
  return state !== undefined
}
