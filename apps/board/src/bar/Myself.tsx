/** The person at this pane: the name that others see, and the login, with a popover for both. */
import { useMe } from '@countersign/react'
import type { CSSProperties } from 'react'
import { personOf } from '../model/people.ts'
import { nameOf } from '../model/persons.ts'
import { Popover } from '../parts/Popover.tsx'
import type { Session } from '../session/sessions.ts'
import { WhoSheet } from './WhoSheet.tsx'

interface MyselfProps {
  readonly session: Session
  readonly onSignOut: () => void
}

export function Myself({ session, onSignOut }: MyselfProps) {
  const id = useMe((me) => me.authorId)
  if (id === undefined) return null
  const { name, initials, hue } = personOf(id)
  const { personId } = session
  return (
    <Popover
      sheetLabel="Who you are"
      className="statusbar__item statusbar__item--button"
      hint={`Others see ${name} (${id})`}
      face={
        <>
          <span
            className="person__disc"
            style={{ '--hue': hue } as CSSProperties}
            aria-hidden="true"
          >
            {initials}
          </span>
          {personId !== undefined && <b data-part="person">{nameOf(personId)}</b>}
          <span data-part="myself">
            <span className="unseen">
              {personId === undefined ? 'You are ' : ', seen by others as '}
            </span>
            {name}
          </span>
        </>
      }
    >
      <WhoSheet session={session} onSignOut={onSignOut} />
    </Popover>
  )
}
