/** One thing to choose, as a card with a radio button: who offers it, and below that the value. */
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
