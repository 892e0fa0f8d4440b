/** The filter controls: status, assignee, size, archived. */
import { Icon } from '../parts/Icon.tsx'
import { useAssignees } from './useAssignees.ts'
import {
  type Filter,
  type PointsRange,
  narrowedBy,
  noFilter,
  pointsRanges,
} from '../model/filter.ts'
import { type Status, statusNames, statuses } from '../model/issue.ts'

interface FilterBarProps {
  readonly filter: Filter
  readonly onFilter: (filter: Filter) => void
  /** The board shows the statuses as columns. */
  readonly withStatus: boolean
}

export function FilterBar({ filter, onFilter, withStatus }: FilterBarProps) {
  const names = useAssignees()
  const { status, assignee, points, archived } = filter
  const narrowed = narrowedBy(withStatus ? filter : { ...filter, status: 'any' })
  return (
    <div className="filters" role="group" aria-label="Filter">
      {withStatus && (
        <Pick
          label="Status"
          value={status}
          onPick={(value) => onFilter({ ...filter, status: value as Status | 'any' })}
          choices={[
            ['any', 'Any status'],
            ...statuses.map((name) => [name, statusNames[name]] as const),
          ]}
        />
      )}
      <Pick
        label="Assignee"
        // A name may also be the word `any`, so names are identified by their index.
        value={assignee === 'any' ? 'any' : String(names.indexOf(assignee.name))}
        onPick={(value) => {
          const name = names[Number(value)]
          onFilter({ ...filter, assignee: name === undefined ? 'any' : { name } })
        }}
        choices={[
          ['any', 'Anybody'],
          ...names.map((name, at) => [String(at), name === '' ? 'Nobody' : name] as const),
        ]}
      />
      <Pick
        label="Points"
        value={points}
        onPick={(value) => onFilter({ ...filter, points: value as PointsRange })}
        choices={Object.entries(pointsRanges).map(([name, { label }]) => [name, label] as const)}
      />
      <button
        type="button"
        className="chip"
        aria-pressed={archived}
        onClick={() => onFilter({ ...filter, archived: !archived })}
      >
        <Icon name="archive" />
        Archived
      </button>
      {(filter.text !== '' || narrowed > 0) && (
        <button
          type="button"
          className="chip"
          aria-label="Clear search and filter"
          onClick={() => onFilter({ ...noFilter, archived })}
        >
          <Icon name="close" />
          Clear
        </button>
      )}
    </div>
  )
}

interface PickProps {
  readonly label: string
  readonly value: string
  readonly onPick: (value: string) => void
  readonly choices: readonly (readonly [value: string, label: string])[]
}

function Pick({ label, value, onPick, choices }: PickProps) {
  return (
    <label className="pick" data-set={value !== 'any'}>
      <span className="unseen">{label}</span>
      <select value={value} onChange={(event) => onPick(event.target.value)}>
        {choices.map(([choice, name]) => (
          <option key={choice} value={choice}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
