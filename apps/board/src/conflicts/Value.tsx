/** A value as the issue would show it; in a text, differences from the base are marked. */
import { changedParts } from '../model/conflicts.ts'
import { type Status } from '../model/issue.ts'
import { type Field, valueWords } from '../model/words.ts'
import { StatusPill } from '../parts/StatusPill.tsx'

interface ValueProps {
  readonly field: Field
  readonly value: unknown
  /** undefined: nothing to compare with. */
  readonly base: unknown
}

export function Value({ field, value, base }: ValueProps) {
  if (field === 'status') return <StatusPill status={value as Status} />
  const words = valueWords(field, value)
  const isText = field === 'title' || field === 'notes'
  if (!isText || value === '' || typeof base !== 'string')
    return (
      <p className={isText && value === '' ? 'option__value quiet' : 'option__value'}>{words}</p>
    )
  const { before, changed, after } = changedParts(base, words)
  return (
    <p className="option__value">
      {before}
      {changed !== '' && <mark>{changed}</mark>}
      {after}
    </p>
  )
}
