/** A text field, written at each keystroke. `useDraft.ts` handles concurrent typing. */
import { type ReactNode, useId } from 'react'
import { Icon } from '../parts/Icon.tsx'
import { useDraft } from './useDraft.ts'

interface TextFieldProps {
  readonly label: string
  readonly value: string
  readonly write: (text: string) => string | undefined
  readonly className?: string
  readonly placeholder?: string
  readonly badge?: ReactNode
  /** Whether line breaks are allowed. */
  readonly lines?: boolean
}

export function TextField(props: TextFieldProps) {
  const { label, value, write, className = '', placeholder, badge, lines = false } = props
  const { shown, theirs, fault, onFocus, onChange, onBlur } = useDraft(value, write)
  const id = useId()
  return (
    <div className={`field ${className}`}>
      <div className="field__head">
        <label htmlFor={id}>{label}</label>
        {badge}
      </div>
      {/* A textarea also for the title, so that a long one wraps. */}
      <textarea
        id={id}
        rows={lines ? 5 : 1}
        value={shown}
        placeholder={placeholder}
        aria-invalid={fault !== undefined}
        aria-describedby={`${id}-note`}
        onFocus={onFocus}
        onBlur={onBlur}
        onChange={(event) => {
          const text = event.target.value
          onChange(lines ? text : text.replace(/\s*\n\s*/g, ' '))
        }}
        onKeyDown={(event) => {
          if (!lines && event.key === 'Enter') event.preventDefault()
        }}
      />
      <p
        id={`${id}-note`}
        className="field__note"
        data-tone={fault === undefined ? 'warn' : 'bad'}
        aria-live="polite"
      >
        {fault !== undefined && `Not saved: ${fault}.`}
        {fault === undefined && theirs !== undefined && (
          <>
            <Icon name="fork" />
            <span>
              Another person changed this to “{excerpt(theirs)}”. Keep typing to replace it, or
              leave the field to keep it.
            </span>
          </>
        )}
      </p>
    </div>
  )
}

const excerptMax = 80
const excerpt = (text: string): string =>
  text.length > excerptMax ? `${text.slice(0, excerptMax)}…` : text
