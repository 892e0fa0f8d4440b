/** The status of an issue, as a coloured label. */
import { type Status, statusNames } from '../model/issue.ts'

export function StatusPill({ status }: { status: Status }) {
  return (
    <span className="pill" data-status={status}>
      {statusNames[status]}
    </span>
  )
}
