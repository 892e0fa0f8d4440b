/** One refused message: its changes, the reason, its dependents, and buttons to retry or discard. */
import type { RefusedMessage } from '@countersign/core'
import { useSyncStore } from '@countersign/react'
import { useId } from 'react'
import { reasonWords, wantWords } from '../model/refusals.ts'
import { useNotices } from '../pane/notices.ts'
import { machineTime, when } from '../parts/when.ts'
import { useNames } from './useNames.ts'

interface RefusedItemProps {
  readonly message: RefusedMessage
  readonly onDone: () => void
}

const changesShownMax = 3

export function RefusedItem({ message, onDone }: RefusedItemProps) {
  const { messageId, changes, descendants, timestamp } = message
  const store = useSyncStore()
  const { attempt, announce } = useNotices()
  const names = useNames()
  const id = useId()
  const wanted = changes.slice(0, changesShownMax).map((change) => wantWords(change, names))
  const more = changes.length - wanted.length

  const retry = (): void => {
    if (!attempt(() => store.reauthor(messageId))) return
    announce(`Sent again: ${wanted[0]}`)
    onDone()
  }
  const discard = (): void => {
    attempt(() => store.discard(messageId))
    announce(`Discarded: ${wanted[0]}`)
    onDone()
  }

  return (
    <li className="refused" data-refused aria-labelledby={`${id}-wanted`}>
      <div id={`${id}-wanted`}>
        {wanted.map((words, at) => (
          <p key={at} className="refused__wanted">
            {words}
          </p>
        ))}
        {more > 0 && <p className="quiet">and {more} more in the same change</p>}
      </div>
      <p className="refused__why">{reasonWords(message, names)}</p>
      {descendants.length > 0 && (
        <p className="quiet">
          {descendants.length === 1
            ? '1 later change depends on it and goes with it.'
            : `${descendants.length} later changes depend on it and go with it.`}
        </p>
      )}
      <div className="refused__foot">
        <time className="quiet" dateTime={machineTime(timestamp)}>
          {when(timestamp)}
        </time>
        <button
          type="button"
          className="button"
          aria-describedby={`${id}-wanted`}
          onClick={discard}
        >
          Discard
        </button>
        <button type="button" className="button" aria-describedby={`${id}-wanted`} onClick={retry}>
          Retry
        </button>
      </div>
    </li>
  )
}
