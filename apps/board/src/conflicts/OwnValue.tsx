/** An input for another value of a field in conflict, of the same kind as the field. */
import { useId } from 'react'
import { pointsMax, statusNames, statuses } from '../model/issue.ts'
import { type Field, fieldNames } from '../model/words.ts'
import { useAssignees } from '../pane/useAssignees.ts'

interface OwnValueProps {
  readonly field: Field
  readonly value: string
  readonly fault: string | undefined
  readonly onChange: (value: string) => void
}

type Choices = readonly (readonly [value: string, label: string])[]

export function OwnValue({ field, value, fault, onChange }: OwnValueProps) {
  const assignees = useAssignees()
  const id = useId()
  const label = `${fieldNames[field]}, something else`
  const choices = choicesOf(field, assignees)
  return (
    <div className="form__row">
      {choices ? (
        <select aria-label={label} value={value} onChange={(event) => onChange(event.target.value)}>
          {choices.map(([choice, words]) => (
            <option key={choice} value={choice}>
              {words}
            </option>
          ))}
        </select>
      ) : (
        <textarea
          className="option__text"
          rows={field === 'notes' ? 5 : 2}
          aria-label={label}
          aria-invalid={fault !== undefined}
          aria-describedby={`${id}-fault`}
          value={value}
          onChange={(event) => {
            const text = event.target.value
            onChange(field === 'notes' ? text : text.replace(/\s*\n\s*/g, ' '))
          }}
        />
      )}
      <p id={`${id}-fault`} className="field__note" data-tone="bad" aria-live="polite">
        {fault !== undefined && `Not decided: ${fault}.`}
      </p>
    </div>
  )
}

/** undefined: free text. */
function choicesOf(field: Field, assignees: readonly string[]): Choices | undefined {
  if (field === 'status') return statuses.map((status) => [status, statusNames[status]])
  if (field === 'assignee') return assignees.map((name) => [name, name === '' ? 'Nobody' : name])
  if (field !== 'points') return undefined
  return Array.from({ length: pointsMax + 1 }, (_, size) => [
    String(size),
    size === 0 ? 'None' : String(size),
  ])
}
