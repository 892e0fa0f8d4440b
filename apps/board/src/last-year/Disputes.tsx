/** The fields of one issue that are in conflict in this version, with a choice of one value each. */
import type { Conflict } from '@countersign/core'
import { useConflicts } from '@countersign/react'
import { useId } from 'react'
import { CandidateFace } from '../conflicts/CandidateFace.tsx'
import { useNotices } from '../pane/notices.ts'
import { sameItems } from '../parts/sameItems.ts'
import { Issue } from './issue.ts'
import { disputeWords, valueWords } from './words.ts'

type Dispute = Conflict<typeof Issue>

export function Disputes({ id }: { id: string }) {
  const disputes = useConflicts(Issue, (all) => all.filter((one) => one.id === id), sameItems)
  return disputes.map((one) => <OneDispute key={one.field} dispute={one} />)
}

function OneDispute({ dispute: { field, candidates, resolve } }: { dispute: Dispute }) {
  const { attempt, announce } = useNotices()
  const question = useId()
  return (
    <div className="dispute" role="group" aria-labelledby={question}>
      <p id={question} className="dispute__ask">
        {disputeWords(field)}
      </p>
      <div className="dispute__options">
        {candidates.map((candidate) => (
          <button
            key={candidate.msgId}
            type="button"
            className="option dispute__option"
            onClick={() => {
              if (!attempt(() => resolve(candidate.value))) return
              announce(`Decided: ${valueWords(field, candidate.value)}`)
            }}
          >
            <span className="option__value">{valueWords(field, candidate.value)}</span>
            <CandidateFace candidate={candidate} />
          </button>
        ))}
      </div>
    </div>
  )
}
