/** A field with few values, all of them visible. */
import { type ReactNode, useId } from 'react'

interface ChoiceFieldProps<V extends string> {
  readonly label: string
  readonly value: V
  readonly choices: readonly (readonly [value: V, label: string])[]
  readonly onChoose: (value: V) => void
  readonly badge?: ReactNode
}

export function ChoiceField<V extends string>(props: ChoiceFieldProps<V>) {
  const { label, value, choices, onChoose, badge } = props
  const name = useId()
  return (
    <fieldset className="field field--choices">
      <legend className="field__head">
        {label} {badge}
      </legend>
      <div className="segments">
        {choices.map(([choice, words]) => (
          <label key={choice} className="segments__one">
            <input
              type="radio"
              name={name}
              value={choice}
              checked={value === choice}
              onChange={() => onChoose(choice)}
            />
            {words}
          </label>
        ))}
      </div>
    </fieldset>
  )
}
