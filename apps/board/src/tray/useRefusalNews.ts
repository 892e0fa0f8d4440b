/**
 * Shows a toast for every rejection when it arrives; for a `stale` decision, with the winner and its
 * value. Subscribes to the store instead of awaiting receipts, so that changes from before the last
 * reload are included.
 */
import { useSyncStore } from '@countersign/react'
import { useEffect } from 'react'
import { newsOf } from '../model/refusals.ts'
import { useNotices } from '../pane/notices.ts'
import { useNames } from './useNames.ts'

export function useRefusalNews(): void {
  const store = useSyncStore()
  const names = useNames()
  const { news } = useNotices()
  useEffect(() => store.onRejected((message) => news(newsOf(message, names))), [store, names, news])
}
