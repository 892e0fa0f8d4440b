/** All issues as a table, sortable by each column. */
import { useQuery } from '@countersign/react'
import { useMemo, useState } from 'react'
import { type Filter, type Sort, matchesText, narrowedBy, queryOf } from '../model/filter.ts'
import { Issue, type Status } from '../model/issue.ts'
import { type SortField, columns } from './columns.ts'
import { IssueTableRow } from './IssueTableRow.tsx'
import { SortHeader } from './SortHeader.tsx'

interface IssueTableProps {
  readonly filter: Filter
  readonly onOpen: (id: string) => void
  readonly onNew: (status: Status) => void
  readonly openId: string | undefined
  readonly onClear: () => void
}

/** Rows rendered initially, and added by each press on "more". */
const rowsStep = 150

export function IssueTable({ filter, openId, onOpen, onNew, onClear }: IssueTableProps) {
  const [sort, setSort] = useState<Sort>('-$createdOrderKey')
  const { rows: found, complete } = useQuery(Issue, queryOf(filter, [sort]))
  const rows = useMemo(
    () => found.filter((row) => matchesText(row, filter.text)),
    [found, filter.text],
  )
  const [shown, setShown] = useState(rowsStep)

  const sortBy = (field: SortField): void => setSort(sort === field ? `-${field}` : field)

  return (
    <div className="list" data-scrolls>
      <table className="table">
        <caption className="unseen">
          {filter.archived ? 'Archived issues' : 'Issues'}, {rows.length}
        </caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <SortHeader
                key={column.field}
                {...column}
                sorted={
                  sort === column.field
                    ? 'ascending'
                    : sort === `-${column.field}`
                      ? 'descending'
                      : 'none'
                }
                onSort={() => sortBy(column.field)}
              />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row) => (
            <IssueTableRow key={row.id} row={row} current={row.id === openId} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <button
          type="button"
          className="button button--wide"
          onClick={() => setShown(shown + rowsStep)}
        >
          Show more ({rows.length - shown})
        </button>
      )}
      {rows.length === 0 && (
        <EmptyList filter={filter} complete={complete} onNew={onNew} onClear={onClear} />
      )}
    </div>
  )
}

function EmptyList(
  props: Omit<IssueTableProps, 'openId' | 'onOpen'> & { readonly complete: boolean },
) {
  const { filter, complete, onNew, onClear } = props
  if (filter.text !== '' || narrowedBy(filter) > 0) {
    return (
      <div className="blank">
        <h2>Nothing matches</h2>
        <p>No {filter.archived ? 'archived ' : ''}issue fits the search and the filter.</p>
        <button type="button" className="button" onClick={onClear}>
          Clear search and filter
        </button>
      </div>
    )
  }
  if (filter.archived) {
    return (
      <div className="blank">
        <h2>Nothing archived</h2>
        <p>Archived issues are kept here, and can be restored.</p>
      </div>
    )
  }
  return (
    <div className="blank">
      <h2>{complete ? 'No issues yet' : 'Fetching issues…'}</h2>
      <p>Write the first one. It works offline, too.</p>
      <button type="button" className="button button--main" onClick={() => onNew('open')}>
        New issue
      </button>
    </div>
  )
}
