/**
 * The filter of a view, and its query. Fields are filtered by the store, which has indexes for them;
 * the search text is matched here, on the rows of the query.
 */
import type { Query, Where } from '@countersign/core'
import type { Issue, IssueRow, Status } from './issue.ts'

export interface Filter {
  readonly text: string
  readonly status: Status | 'any'
  /** `any`, or a name; the empty name matches unassigned issues. */
  readonly assignee: { readonly name: string } | 'any'
  readonly points: PointsRange
  readonly archived: boolean
}

export type PointsRange = keyof typeof pointsRanges

export const pointsRanges = {
  any: { label: 'Any size' },
  none: { label: 'No points', gte: 0, lte: 0 },
  small: { label: '1 to 3', gte: 1, lte: 3 },
  middle: { label: '4 to 7', gte: 4, lte: 7 },
  large: { label: '8 to 13', gte: 8, lte: 13 },
} as const

export const noFilter: Filter = {
  text: '',
  status: 'any',
  assignee: 'any',
  points: 'any',
  archived: false,
}

export type Sort = Exclude<Query<typeof Issue>['orderBy'], undefined>[number]

export function queryOf(filter: Filter, orderBy: readonly Sort[]): Query<typeof Issue> {
  const range = pointsRanges[filter.points]
  const where: Where<typeof Issue> = {
    ...(filter.status !== 'any' && { status: filter.status }),
    ...(filter.assignee !== 'any' && { assignee: filter.assignee.name }),
    ...('gte' in range && { points: { gte: range.gte, lte: range.lte } }),
  }
  return { where, orderBy, archived: filter.archived ? 'only' : 'exclude' }
}

/** Whether every word of the search text is in the title or the notes. */
export function matchesText(row: Pick<IssueRow, 'title' | 'notes'>, text: string): boolean {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const within = words.length === 0 ? '' : `${row.title}\n${row.notes}`.toLowerCase()
  return words.every((word) => within.includes(word))
}

/** The number of active field filters, without the search text. */
export function narrowedBy(filter: Filter): number {
  return [filter.status, filter.assignee, filter.points].filter((part) => part !== 'any').length
}
