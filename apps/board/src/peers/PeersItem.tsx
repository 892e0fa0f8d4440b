/** The status bar's item about other browsers that this one reaches, with a popover to try them out. */
import { useSyncStatus } from '@countersign/react'
import { useState } from 'react'
import { personOf } from '../model/people.ts'
import { useNotices } from '../pane/notices.ts'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { Icon } from '../parts/Icon.tsx'
import { Popover } from '../parts/Popover.tsx'
import { Switch } from '../parts/Switch.tsx'
import type { PeersSwitch } from '../session/peers.ts'
import { PeerMap } from './PeerMap.tsx'

export function PeersItem({ session }: { session: PeersSwitch }) {
  const [on, setOn] = useState(session.startsWithPeers)
  const switched = (next: boolean): void => {
    session.setPeers(next)
    setOn(next)
  }
  return (
    <Popover
      sheetLabel="Peers"
      className="statusbar__item statusbar__item--button"
      hint="Other browsers that this one reaches without the reviewer"
      face={<Face on={on} />}
    >
      <div className="card-sheet peers">
        <h2>Peers</h2>
        <p className="quiet">
          While the reviewer is away, one of the browsers that reach each other reviews for all of
          them, provisionally. When it is back, it decides.
        </p>
        <Switch label="Reach other browsers" on={on} onChange={switched} />
        {on && <PeerMap />}
        <div className="peers__foot">
          <ReviewerButton />
          <CloseSheet />
        </div>
      </div>
    </Popover>
  )
}

function Face({ on }: { on: boolean }) {
  const count = useSyncStatus((status) => status.peers?.length ?? 0)
  const reviews = useSyncStatus((status) => status.provisional)
  const words = !on
    ? undefined
    : reviews
      ? `${reviews.isSelf ? 'You review' : `${personOf(reviews.reviewerId).name} reviews`}`
      : count === 1
        ? '1 peer'
        : `${count} peers`
  return (
    <span
      className="outbox"
      data-part="peers"
      data-count={on ? count : 0}
      data-epoch={reviews?.epoch}
    >
      <Icon name="people" />
      {words ?? <span className="unseen">Peers</span>}
    </span>
  )
}

/** Kills the reviewer of the demo for everybody, or starts it again. */
function ReviewerButton() {
  const isThere = useSyncStatus(
    ({ connection }) => connection === 'online' || connection === 'syncing',
  )
  const [isAsked, setAsked] = useState(false)
  const { toast } = useNotices()
  const tell = async (): Promise<void> => {
    setAsked(true)
    try {
      const { ok, status } = await fetch(`/reviewer/${isThere ? 'kill' : 'start'}`, {
        method: 'POST',
      })
      if (!ok) throw new Error(`the demo answered ${status}`)
    } catch (error) {
      toast(`Nothing was done: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      setAsked(false)
    }
  }
  return (
    <button type="button" className="button" disabled={isAsked} onClick={() => void tell()}>
      {isThere ? 'Kill the reviewer' : 'Start the reviewer'}
    </button>
  )
}
