/** A field with a list to pick from. */
import { type ReactNode, useId } from 'react'

interface SelectFieldProps {
  readonly label: string
  readonly value: string
  readonly choices: readonly (readonly [value: string, label: string])[]
  readonly onPick: (value: string) => void
  readonly badge?: ReactNode
}

export function SelectField({ label, value, choices, onPick, badge }: SelectFieldProps) {
  const id = useId()
  return (
    <div className="field">
      <div className="field__head">
        <label htmlFor={id}>{label}</label>
        {badge}
      </div>
      <select id={id} value={value} onChange={(event) => onPick(event.target.value)}>
        {choices.map(([choice, words]) => (
          <option key={choice} value={choice}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
}
