/** A menu in the header with own refused changes, until they are retried or discarded. */
import { useRefused } from '@countersign/react'
import { useRef } from 'react'
import { rootsOf } from '../model/refusals.ts'
import { CloseSheet } from '../parts/CloseSheet.tsx'
import { CountFace } from '../parts/CountFace.tsx'
import { sameItems } from '../parts/sameItems.ts'
import { Popover } from '../parts/Popover.tsx'
import { PartBoundary } from '../parts/PartBoundary.tsx'
import { RefusedItem } from './RefusedItem.tsx'

export function RefusedTray() {
  const refused = useRefused(rootsOf, sameItems)
  const tray = useRef<HTMLDivElement>(null)
  const count = refused.length

  /** Moves the focus to the next item, because the pressed button is removed with its item. */
  const keepFocus = (): void => {
    requestAnimationFrame(() =>
      tray.current?.querySelector<HTMLElement>('[data-refused] button, [data-closes]')?.focus(),
    )
  }

  return (
    <Popover
      label={count === 0 ? 'Rejected' : `Rejected: ${count}`}
      hint="Rejected changes"
      sheetLabel="Rejected changes"
      className="button button--icon button--count"
      face={<CountFace icon="refused" count={count} tone="bad" />}
    >
      <div className="tray" ref={tray}>
        <h2>Rejected</h2>
        {count === 0 ? (
          <p className="quiet">
            No rejected changes. A change that the reviewer rejects is removed from the board and
            kept here, so you can write it again.
          </p>
        ) : (
          <ul className="tray__items">
            {refused.map((message) => (
              <PartBoundary key={message.messageId} what="This change" as="li">
                <RefusedItem message={message} onDone={keepFocus} />
              </PartBoundary>
            ))}
          </ul>
        )}
        <CloseSheet />
      </div>
    </Popover>
  )
}
