/** The author of a candidate, and whether it is reviewed. */
import type { Candidate } from '@countersign/core'
import { AckMark } from '../parts/AckMark.tsx'
import { Person } from '../parts/Person.tsx'

export function CandidateFace({ candidate }: { candidate: Candidate }) {
  const { authorId, mine, pending } = candidate
  return (
    <span className="option__who">
      <Person id={authorId} />
      <span className="badge">{mine ? 'mine' : 'theirs'}</span>
      <span className="option__review" data-pending={pending}>
        <AckMark state={pending ? 'pending' : 'canonical'} />
        <span aria-hidden="true">{pending ? 'pending' : 'reviewed'}</span>
      </span>
    </span>
  )
}
