/**
 * Moves a card: computes the ranks that change, and writes them as one message. Places are counted
 * among the visible cards, so that a move in a filtered view lands where it was dropped.
 */
import type { SyncStore } from '@countersign/core'
import { type Filter, matchesText, queryOf } from '../model/filter.ts'
import { Issue, type IssueRow, type Status, statuses } from '../model/issue.ts'
import { placeAt } from '../model/rank.ts'

export type Direction = 'up' | 'down' | 'left' | 'right'

export interface Place {
  readonly status: Status
  /** The index among the cards of the column, without the moved one. */
  readonly index: number
}

export const columnQuery = (filter: Filter, status: Status): ReturnType<typeof queryOf> =>
  queryOf({ ...filter, status }, ['rank'])

/** The rows of a column. A row whose status is in conflict is found under each value, and shown once. */
export const columnRows = (
  rows: readonly IssueRow[],
  { text }: Filter,
  status: Status,
): readonly IssueRow[] => rows.filter((row) => row.status === status && matchesText(row, text))

export function readColumn(store: SyncStore, filter: Filter, status: Status): readonly IssueRow[] {
  return columnRows(store.query(Issue, columnQuery(filter, status)).rows, filter, status)
}

/** The place after one step; undefined at the edge of the board. */
export function stepFrom(
  store: SyncStore,
  filter: Filter,
  row: IssueRow,
  direction: Direction,
): Place | undefined {
  const column = readColumn(store, filter, row.status)
  const index = column.findIndex((each) => each.id === row.id)
  if (direction === 'up') return index > 0 ? { status: row.status, index: index - 1 } : undefined
  if (direction === 'down') {
    return index < column.length - 1 ? { status: row.status, index: index + 1 } : undefined
  }
  const status = statuses[statuses.indexOf(row.status) + (direction === 'left' ? -1 : 1)]
  if (status === undefined) return undefined
  return { status, index: Math.min(index, readColumn(store, filter, status).length) }
}

/** Writes the move. Returns the number of visible cards in the column; undefined when nothing moved. */
export function moveTo(
  store: SyncStore,
  filter: Filter,
  row: IssueRow,
  { status, index }: Place,
): number | undefined {
  const whole = readColumn(store, filter, status)
  if (row.status === status && whole[index]?.id === row.id) return undefined
  const column = whole.filter((each) => each.id !== row.id)
  const { rank, also } = placeAt(column, index)
  store.transact(() => {
    store.update(Issue, row.id, row.status === status ? { rank } : { status, rank })
    for (const tied of also) store.update(Issue, tied.id, { rank: tied.rank })
  })
  return column.length + 1
}
