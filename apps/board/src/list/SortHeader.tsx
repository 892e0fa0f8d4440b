/** A column header: the first press sorts by its column, the next reverses the order. */
import { Icon } from '../parts/Icon.tsx'
import type { SortField } from './columns.ts'

interface SortHeaderProps {
  readonly field: SortField
  readonly label: string
  /** A shorter label for a narrow view. */
  readonly short?: string
  readonly sorted: 'ascending' | 'descending' | 'none'
  readonly onSort: () => void
}

export function SortHeader({ field, label, short, sorted, onSort }: SortHeaderProps) {
  return (
    <th scope="col" aria-sort={sorted} data-field={field}>
      <button
        type="button"
        className="sort"
        data-sorted={sorted}
        aria-label={short === undefined ? undefined : label}
        onClick={onSort}
      >
        {short ?? label}
        <Icon name={sorted === 'descending' ? 'down' : 'up'} />
      </button>
    </th>
  )
}
