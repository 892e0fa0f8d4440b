/** Own changes that the reviewer rejected, until the author retries or discards them. */
import type { RefusedMessage } from '@countersign/core'
import { useRefused, useSyncStore } from '@countersign/react'
import { useNotices } from '../pane/notices.ts'
import { Icon } from '../parts/Icon.tsx'
import { sameItems } from '../parts/sameItems.ts'
import { Issue } from './issue.ts'
import { refusalWords } from './words.ts'

/** Only rejected messages: commands on them include their dependents. */
const rejected = (all: readonly RefusedMessage[]): readonly RefusedMessage[] =>
  all.filter(({ state }) => state === 'rejected')

export function RefusedNotes() {
  const messages = useRefused(rejected, sameItems)
  return (
    <div role="status" className="lines__refused">
      {messages.map((message) => (
        <RefusedNote key={message.messageId} message={message} />
      ))}
    </div>
  )
}

function RefusedNote({ message }: { message: RefusedMessage }) {
  const store = useSyncStore()
  const { attempt } = useNotices()
  const [change] = message.changes
  const title = (change && store.peek(Issue, change.id).row?.title) ?? change?.values['title']
  const about = typeof title === 'string' ? `“${title}”` : 'An issue'
  return (
    <div className="banner" data-tone="warn">
      <Icon name="refused" />
      <p>
        {about}: your change was refused. {refusalWords(message)}
      </p>
      <button
        type="button"
        className="button"
        onClick={() => attempt(() => store.discard(message.messageId))}
      >
        Discard
      </button>
      <button
        type="button"
        className="button"
        onClick={() => attempt(() => store.reauthor(message.messageId))}
      >
        Retry
      </button>
    </div>
  )
}
