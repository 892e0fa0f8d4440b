/** Trouble that the reader must know before writing on: a full disk, or a store that stopped. */
import { useSyncStatus } from '@countersign/react'
import { Icon } from '../parts/Icon.tsx'

export function StoreTrouble() {
  const halted = useSyncStatus((status) => status.halted)
  const degraded = useSyncStatus((status) => status.storage === 'degraded')
  if (halted !== undefined) {
    return (
      <p className="trouble" data-tone="bad" role="alert">
        <Icon name="warning" />
        <span>
          This board stopped writing to protect what it holds. Reload the page. ({halted})
        </span>
      </p>
    )
  }
  if (!degraded) return null
  return (
    <p className="trouble" data-tone="warn" role="alert">
      <Icon name="warning" />
      <span>
        This browser stores nothing right now. What you write is sent at once, but it is lost if you
        close the page while offline.
      </span>
    </p>
  )
}
