/** Says that a field, or some field of a row, holds several values. Nothing is lost meanwhile. */
import { Icon } from './Icon.tsx'

export function ConflictBadge({ fields }: { fields: readonly string[] }) {
  if (fields.length === 0) return null
  const sentence = `Two people changed ${fields.join(' and ')} at the same time. Both values are kept.`
  return (
    <span className="badge" data-tone="warn" title={sentence}>
      <Icon name="fork" />
      conflict
      <span className="unseen">: {sentence}</span>
    </span>
  )
}
