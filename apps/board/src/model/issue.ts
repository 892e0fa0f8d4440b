/**
 * The one type of this app. Everything that the board, the list and the drawer show is a
 * field of it or one of the `$` properties that every row has.
 */
import { type Row, entity } from '@countersign/core'
import { z } from 'zod'

export const statuses = ['open', 'doing', 'done'] as const
export type Status = (typeof statuses)[number]

export const statusNames: Readonly<Record<Status, string>> = {
  open: 'To do',
  doing: 'Doing',
  done: 'Done',
}

export const pointsMax = 13
export const titleLengthMax = 200
export const notesLengthMax = 20_000
export const assigneeLengthMax = 60

/** The people a demo issue can be given to. An imported issue may name anybody. */
export const team: readonly string[] = ['Amara', 'Ben', 'Chiara', 'Dev', 'Emeka']

/** Also the shape of an issue in an import file, so both speak of one set of bounds. */
export const issueShape = z.object({
  title: z
    .string()
    .max(titleLengthMax, `a title has at most ${titleLengthMax} characters`)
    .regex(/\S/, 'an issue needs a title'),
  status: z.enum(statuses, { error: 'a status is open, doing or done' }).default('open'),
  points: z
    .int({ error: 'points are a whole number' })
    .min(0, `points go from 0 to ${pointsMax}`)
    .max(pointsMax, `points go from 0 to ${pointsMax}`)
    .default(0),
  assignee: z.string().max(assigneeLengthMax, 'the assignee has too long a name').default(''),
  notes: z.string().max(notesLengthMax, 'the notes are too long').default(''),
  /** Place within the column: a fractional index. See rank.ts. */
  rank: z.string().max(256),
})

export const Issue = entity('issue', issueShape)
  .index('board', ['status', 'rank'])
  .index('number', ['$createdOrderKey'])
  // Two people who moved one card leave two places; both are fine, so nobody is asked.
  .conflicts({ rank: 'last' })

export type IssueRow = Row<typeof Issue>
