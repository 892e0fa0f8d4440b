/** The author of a change, and its reviewer, `pending` or `unverified`. */
import type { RowState } from '@countersign/core'
import { useSyncStatus } from '@countersign/react'
import { AckMark } from './AckMark.tsx'
import { Person, usePersonName } from './Person.tsx'

interface SignaturesProps {
  readonly $author: string
  readonly $reviewer: string | null
  readonly $state: RowState
}

export function Signatures({ row }: { row: SignaturesProps }) {
  return (
    <span className="signatures">
      <span className="unseen">Written by </span>
      <Person id={row.$author} />
      {/* Grouped, so that a narrow card breaks the line between author and reviewer. */}
      <span className="signatures__review">
        <AckMark state={row.$state} />
        <span className="unseen">, review: </span>
        {row.$reviewer === null ? (
          <span className="signatures__pending">
            {row.$state === 'unverified' ? 'unverified' : 'pending'}
          </span>
        ) : (
          <Reviewer id={row.$reviewer} />
        )}
      </span>
    </span>
  )
}

function Reviewer({ id }: { id: string }) {
  // A page that reviews for its peers does so under an id of its own, not as an author.
  const isMine = useSyncStatus(
    ({ provisional }) => provisional?.isSelf === true && provisional.reviewerId === id,
  )
  const person = usePersonName(id)
  const name = isMine ? 'you' : person
  return (
    <span className="signatures__reviewer" title={`Reviewed by ${name} (${id})`}>
      {name}
    </span>
  )
}
