/** The number of changes without a verdict and the age of the oldest, with a popover that explains it. */
import { useSyncStatus } from '@countersign/react'
import { Icon } from '../parts/Icon.tsx'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { Popover } from '../parts/Popover.tsx'
import { lasted } from './lasted.ts'
import { useNow } from './useNow.ts'

export function Outbox() {
  const waiting = useSyncStatus((status) => status.outboxMessages)
  const oldestAt = useSyncStatus((status) => status.outboxOldestAt)
  const now = useNow(oldestAt !== undefined)
  const age = oldestAt === undefined ? undefined : lasted(now - oldestAt)
  const tone = waiting > 0 ? 'warn' : 'quiet'
  return (
    <Popover
      sheetLabel="Outbox"
      className="statusbar__item statusbar__item--button"
      face={
        <span className="outbox" data-tone={tone} data-part="outbox" data-count={waiting}>
          <Icon name="outbox" />
          {waiting === 0 ? 'All reviewed' : `${waiting} waiting`}
          {age !== undefined && <span className="outbox__age">{age}</span>}
        </span>
      }
    >
      <div className="card-sheet">
        <h2>Outbox</h2>
        <dl className="figures">
          <Figure name="Waiting for a verdict" value={String(waiting)} />
          <Figure name="Longest wait" value={age ?? 'nothing waits'} />
        </dl>
        <OutboxAdvice waiting={waiting} />
        <CloseSheet />
      </div>
    </Popover>
  )
}

function OutboxAdvice({ waiting }: { waiting: number }) {
  const stored = useSyncStatus((status) => status.storage === 'ok')
  const online = useSyncStatus((status) => status.connection === 'online')
  const note = useSyncStatus((status) => status.connectionNote)
  if (waiting === 0) return <p>All your changes have a verdict.</p>
  return (
    <>
      <p>
        {stored
          ? 'These changes are saved on this device. You can close the page.'
          : 'These changes are only in memory. Keep the page open.'}{' '}
        {online ? 'They are being sent.' : 'They are sent as soon as there is a connection.'}
      </p>
      {!online && note !== undefined && <p className="quiet">{note}</p>}
    </>
  )
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div className="figures__one">
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
