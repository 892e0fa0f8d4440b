/** A toggle switch with a label. */

interface SwitchProps {
  readonly label: string
  readonly on: boolean
  readonly onChange: (on: boolean) => void
}

export function Switch({ label, on, onChange }: SwitchProps) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      className="switch"
      onClick={() => onChange(!on)}
    >
      <span className="switch__track" aria-hidden="true" />
      {label}
    </button>
  )
}
