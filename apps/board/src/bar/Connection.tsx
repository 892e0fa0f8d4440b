/** The connection of this pane to the reviewer: a lamp with a label. */
import type { ConnectionState } from '@countersign/core'
import { useSyncStatus } from '@countersign/react'

const says: Readonly<Record<ConnectionState, readonly [word: string, tone: string]>> = {
  none: ['Local only', 'quiet'],
  offline: ['No connection', 'warn'],
  connecting: ['Connecting', 'warn'],
  refused: ['Refused', 'bad'],
  unauthorised: ['Not signed in', 'bad'],
  syncing: ['Syncing', 'busy'],
  online: ['Connected', 'ok'],
  closed: ['Closed', 'quiet'],
}

export function Connection({ switchedOff }: { switchedOff: boolean }) {
  const connection = useSyncStatus((status) => status.connection)
  const note = useSyncStatus((status) => status.connectionNote)
  const [word, tone] = switchedOff ? (['Offline', 'quiet'] as const) : says[connection]
  return (
    <span
      className="statusbar__item"
      data-tone={tone}
      data-part="connection"
      title={
        switchedOff ? 'You switched the connection off' : (note ?? 'The connection to the reviewer')
      }
    >
      <span className="lamp" aria-hidden="true" />
      <span role="status">{word}</span>
    </span>
  )
}
