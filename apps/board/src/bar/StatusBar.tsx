/** The status bar of a pane: author, connection, outbox, storage. */
import { useSyncStatus } from '@countersign/react'
import { type ReactNode, useState } from 'react'
import { Icon } from '../parts/Icon.tsx'
import { Switch } from '../parts/Switch.tsx'
import type { OnlineSwitch } from '../session/online.ts'
import { Connection } from './Connection.tsx'
import { Outbox } from './Outbox.tsx'

interface StatusBarProps {
  readonly session: OnlineSwitch
  /** The person at the pane. */
  readonly myself: ReactNode
}

export function StatusBar({ session, myself }: StatusBarProps) {
  const [online, setOnline] = useState(session.startsOnline)
  const switched = (on: boolean): void => {
    session.setOnline(on)
    setOnline(on)
  }
  return (
    <footer className="statusbar" aria-label="Sync status">
      {myself}
      <Connection switchedOff={!online} />
      <Outbox />
      <Storage />
      <Reached />
      <span className="statusbar__space" />
      <Switch label="Online" on={online} onChange={switched} />
    </footer>
  )
}

function Storage() {
  const storage = useSyncStatus((status) => status.storage)
  const [words, tone] = {
    opening: ['Opening', 'quiet'],
    ok: ['On this device', 'ok'],
    degraded: ['Not stored', 'bad'],
  }[storage] as [string, string]
  return (
    <span
      className="statusbar__item"
      data-tone={tone}
      data-part="storage"
      title="Where your changes are kept"
    >
      <Icon name="disk" />
      {words}
    </span>
  )
}

/** The position of this replica in the reviewer's order. */
function Reached() {
  const epoch = useSyncStatus((status) => status.position?.epoch)
  const seq = useSyncStatus((status) => status.position?.seq)
  if (seq === undefined) return null
  return (
    <span
      className="statusbar__item"
      data-part="position"
      title={`Everything up to change ${seq} of epoch ${epoch} is here`}
    >
      <Icon name="flag" />
      <span className="unseen">Position </span>
      {epoch}·{seq}
    </span>
  )
}
