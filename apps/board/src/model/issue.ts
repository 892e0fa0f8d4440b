/**
 * The one type of this app, in the version of today. Everything that the board, the list and the
 * drawer show is a field of it or one of the `$` properties that every row has. Last year's app
 * knows a tick instead of a status and no points; it runs beside this one, and what it ticks is done
 * here, too.
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

/** Also the shape of an issue in an import file, so both speak of one set of bounds. */
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
  // Last year's app shows `doing` without a tick. What it ticks all the same is done: it may write.
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
  // Two people who moved one card leave two places; both are fine, so nobody is asked.
  .conflicts({ rank: 'last' })

export type IssueRow = Row<typeof Issue>
