/** A badge for a field or an issue in conflict, which opens the dialog that resolves it. */
import { useResolveConflicts } from '../conflicts/resolving.ts'
import { type Field, fieldNames, listed } from '../model/words.ts'
import { Icon } from './Icon.tsx'

interface ConflictBadgeProps {
  readonly id: string
  readonly fields: readonly Field[]
}

export function ConflictBadge({ id, fields }: ConflictBadgeProps) {
  const resolve = useResolveConflicts()
  if (fields.length === 0) return null
  const names = listed(fields.map((field) => fieldNames[field]))
  const words = fields.length === 1 ? 'conflict' : `${fields.length} conflicts`
  return (
    <button
      type="button"
      className="badge badge--button"
      data-tone="warn"
      data-nodrag
      title={`${names}: people wrote different values at the same time. All are kept; decide which one stays.`}
      onClick={() => resolve(id)}
    >
      <Icon name="fork" />
      {words}
      <span className="unseen">: resolve {names}</span>
    </button>
  )
}
