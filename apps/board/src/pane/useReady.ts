/**
 * Whether the store is ready for writes. A state instead of `use(store.ready)`, because a suspended
 * tree is rendered again at React's lowest priority, which frequent updates elsewhere on a busy page
 * can delay without end.
 */
import { useSyncStore } from '@countersign/react'
import { useEffect, useState } from 'react'

/** @throws the error of the store, for the error boundary. */
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
