/**
 * Version 1 of the type of this app, and the fields that have not changed since. Last year's app
 * (src/last-year) declares only this; the current app adds its version in issue.ts.
 */
import { entity } from '@countersign/core'
import { z } from 'zod'

export const titleLengthMax = 200
export const notesLengthMax = 20_000
export const assigneeLengthMax = 60

/** The assignees of the demo. An imported issue may have any name. */
export const team: readonly string[] = ['Amara', 'Ben', 'Chiara', 'Dev', 'Emeka']

/** Fields that are the same in every version. */
export const lastingFields = {
  title: z
    .string()
    .max(titleLengthMax, `a title has at most ${titleLengthMax} characters`)
    .regex(/\S/, 'an issue needs a title'),
  assignee: z.string().max(assigneeLengthMax, 'the assignee has too long a name').default(''),
  notes: z.string().max(notesLengthMax, 'the notes are too long').default(''),
  /** The position in its column: a fractional index, see rank.ts. */
  rank: z.string().max(256),
}

export const FirstIssue = entity(
  'issue',
  z.object({ ...lastingFields, done: z.boolean().default(false) }),
)
