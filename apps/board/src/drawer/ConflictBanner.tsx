/** A banner for an issue in conflict: the fields with several values, and a button to resolve them. */
import { useResolveConflicts } from '../conflicts/resolving.ts'
import { conflictedFields } from '../model/conflicts.ts'
import type { IssueRow } from '../model/issue.ts'
import { fieldNames, listed } from '../model/words.ts'
import { Icon } from '../parts/Icon.tsx'

export function ConflictBanner({ row }: { row: IssueRow }) {
  const resolve = useResolveConflicts()
  const fields = conflictedFields(row)
  if (fields.length === 0) return null
  const values = fields.filter((field) => field !== '$archived').map((field) => fieldNames[field])
  const says = [
    ...(values.length > 0
      ? [`${listed(values)} ${values.length === 1 ? 'has' : 'have'} several values.`]
      : []),
    ...(fields.includes('$archived') ? ['One archived it while another changed it.'] : []),
  ]
  return (
    <div className="banner" data-tone="warn">
      <Icon name="fork" />
      <p>{says.join(' ')} Nothing is lost until somebody decides.</p>
      <button type="button" className="button" onClick={() => resolve(row.id)}>
        Resolve
      </button>
    </div>
  )
}
