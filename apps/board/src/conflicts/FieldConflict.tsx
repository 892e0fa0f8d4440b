/** One field in conflict: the base, the candidates, and an input for another value. */
import { useId } from 'react'
import { type Choice, type IssueConflict, offersBase, ownStart } from '../model/conflicts.ts'
import { fieldNames } from '../model/words.ts'
import { CandidateFace } from './CandidateFace.tsx'
import { Option } from './Option.tsx'
import { OwnValue } from './OwnValue.tsx'
import { Value } from './Value.tsx'

interface FieldConflictProps {
  readonly conflict: IssueConflict
  readonly choice: Choice | undefined
  readonly fault: string | undefined
  readonly onChoose: (choice: Choice) => void
}

export function FieldConflict({ conflict, choice, fault, onChoose }: FieldConflictProps) {
  const { field, base, candidates } = conflict
  const name = useId()
  return (
    <fieldset className="choice">
      <legend>{field === '$archived' ? 'Archive it, or keep it?' : fieldNames[field]}</legend>
      <div className="choice__options">
        {candidates.map((candidate) => (
          <Option
            key={candidate.msgId}
            name={name}
            checked={choice?.of === 'candidate' && choice.msgId === candidate.msgId}
            onCheck={() => onChoose({ of: 'candidate', msgId: candidate.msgId })}
            face={<CandidateFace candidate={candidate} />}
          >
            <Value field={field} value={candidate.value} base={base} />
          </Option>
        ))}
        {offersBase(conflict) && (
          <Option
            name={name}
            checked={choice?.of === 'base'}
            onCheck={() => onChoose({ of: 'base' })}
            face={<span>As it was before</span>}
          >
            <Value field={field} value={base} base={undefined} />
          </Option>
        )}
        {field !== '$archived' && (
          <Option
            name={name}
            checked={choice?.of === 'own'}
            onCheck={() => onChoose({ of: 'own', value: ownStart(conflict) })}
            face={<span>Something else</span>}
          >
            {choice?.of === 'own' && (
              <OwnValue
                field={field}
                value={choice.value}
                fault={fault}
                onChange={(value) => onChoose({ of: 'own', value })}
              />
            )}
          </Option>
        )}
      </div>
    </fieldset>
  )
}
