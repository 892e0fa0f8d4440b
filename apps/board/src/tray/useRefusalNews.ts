/**
 * Tells of every refusal in the moment it arrives, wherever the reader is; of a decision that came
 * second, who was first and with what. It hears the store and not the receipt of one write, so
 * that a change of before the last reload is told of as well.
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
