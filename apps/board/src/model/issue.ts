/**
 * The type of this app, in the current version. Board, list and drawer show only its fields and the
 * `$` properties of every row. Last year's app has a tick instead of a status, and no points; it runs
 * at the same time, and an issue that is ticked there is done here.
 */
import { type Row, add, map } from '@countersign/core'
import { z } from 'zod'
import { FirstIssue, lastingFields } from './first-issue.ts'

export const statuses = ['open', 'doing', 'done'] as const
export type Status = (typeof statuses)[number]

export const statusNames: Readonly<Record<Status, string>> = {
  open: 'To do',
  doing: 'Doing',
  done: 'Done',
}

export const pointsMax = 13

/** The shape of an issue, also in an import file, so that both have the same limits. */
export const issueShape = z.object({
  ...lastingFields,
  status: z.enum(statuses, { error: 'a status is open, doing or done' }).default('open'),
  points: z
    .int({ error: 'points are a whole number' })
    .min(0, `points go from 0 to ${pointsMax}`)
    .max(pointsMax, `points go from 0 to ${pointsMax}`)
    .default(0),
})

const tickOrStatus = [
  [false, 'open'],
  [true, 'done'],
] as const

export const Issue = FirstIssue.version(2, issueShape, [
  // Last year's app shows `doing` without a tick. A tick there sets `done`.
  map('done', 'status', tickOrStatus, {
    up: 'open',
    down: false,
    lossy: 'down',
    backport: 'allow',
  }),
  add('points', 0),
])
  .index('board', ['status', 'rank'])
  .index('number', ['$createdOrderKey'])
  // Concurrent moves of one card: either place is fine, so the last one wins without a conflict.
  .conflicts({ rank: 'last' })

export type IssueRow = Row<typeof Issue>
