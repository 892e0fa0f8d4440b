/** One option, as a card with a radio button: its author, and below the value. */
import type { ReactNode } from 'react'

interface OptionProps {
  readonly name: string
  readonly checked: boolean
  readonly onCheck: () => void
  readonly face: ReactNode
  readonly children: ReactNode
}

export function Option({ name, checked, onCheck, face, children }: OptionProps) {
  return (
    <div className="option" data-checked={checked}>
      <label className="option__head">
        <input type="radio" name={name} checked={checked} onChange={onCheck} />
        {face}
      </label>
      {children}
    </div>
  )
}
