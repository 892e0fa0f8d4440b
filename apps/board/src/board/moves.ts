/**
 * Moving a card: which keys change, written as one message. A place is counted among the cards
 * that the reader sees, so a move through a filter lands where it was dropped.
 */
import type { SyncStore } from '@countersign/core'
import { type Filter, matchesText, queryOf } from '../model/filter.ts'
import { Issue, type IssueRow, type Status, statuses } from '../model/issue.ts'
import { placeAt } from '../model/rank.ts'

export type Direction = 'up' | 'down' | 'left' | 'right'

export interface Place {
  readonly status: Status
  /** Among the cards of that column, the moved one left out. */
  readonly index: number
}

export const columnQuery = (filter: Filter, status: Status): ReturnType<typeof queryOf> =>
  queryOf({ ...filter, status }, ['rank'])

/** A row whose status is in conflict is found under each of its values; it is shown once. */
export const columnRows = (
  rows: readonly IssueRow[],
  { text }: Filter,
  status: Status,
): readonly IssueRow[] => rows.filter((row) => row.status === status && matchesText(row, text))

export function readColumn(store: SyncStore, filter: Filter, status: Status): readonly IssueRow[] {
  return columnRows(store.query(Issue, columnQuery(filter, status)).rows, filter, status)
}

/** Where one step leads; undefined at the edge of the board. */
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

/** Writes the move. Returns how many cards the column then shows; undefined when nothing moved. */
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
