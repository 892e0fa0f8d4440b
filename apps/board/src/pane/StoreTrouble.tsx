/** A banner for trouble of the store: a halted store, a full disk, damage, or a reviewer that takes nothing from it. */
import type { SyncStatus } from '@countersign/core'
import { useSyncStatus, useSyncStore } from '@countersign/react'
import { Icon } from '../parts/Icon.tsx'

export function StoreTrouble() {
  const halted = useSyncStatus((status) => status.halted)
  const damaged = useSyncStatus((status) => status.damaged)
  const degraded = useSyncStatus((status) => status.storage === 'degraded')
  if (halted !== undefined) {
    return (
      <p className="trouble" data-tone="bad" role="alert">
        <Icon name="warning" />
        <span>This board stopped saving, to protect its data. Reload the page. ({halted})</span>
      </p>
    )
  }
  if (!degraded) return damaged.length === 0 ? <Refused /> : <Damaged records={damaged} />
  return (
    <p className="trouble" data-tone="warn" role="alert">
      <Icon name="warning" />
      <span>
        This browser cannot save right now. Your changes are sent at once, but they are lost if you
        close the page while offline.
      </span>
    </p>
  )
}

function Damaged({ records }: { records: SyncStatus['damaged'] }) {
  const store = useSyncStore()
  const discard = (): void => records.forEach(({ key }) => store.discard(key))
  return (
    <p className="trouble" data-tone="warn" role="alert">
      <Icon name="warning" />
      <span>
        This browser damaged {records.length === 1 ? 'a record' : `${records.length} records`} of
        this board. Your own changes in it that can be read are under Rejected, and can be written
        again. ({records[0]!.detail})
      </span>
      <button type="button" className="button" onClick={discard}>
        Understood
      </button>
    </p>
  )
}

/** Why the reviewer takes nothing from this board: revoked, not signed in, or an incompatible version. */
function Refused() {
  const note = useSyncStatus((status) => status.connectionNote)
  const isUnauthorised = useSyncStatus((status) => status.connection === 'unauthorised')
  const isRefused = useSyncStatus((status) => status.connection === 'refused')
  if (note === undefined || (!isUnauthorised && !isRefused)) return null
  return (
    <p className="trouble" data-tone="bad" role="alert">
      <Icon name="warning" />
      <span>
        {isUnauthorised
          ? 'The reviewer accepts nothing from you now'
          : 'This board cannot work with the reviewer now'}
        : {note}. What you write stays on this device.
      </span>
    </p>
  )
}
