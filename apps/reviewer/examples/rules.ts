/**
 * The rules of that board, for `--rules`. Each is a plain, synchronous function: no clock, no
 * network, nothing but what it is given. A sentence refuses, and the author reads it.
 */
import { sequence } from '@countersign/core/reviewer'
import type { Assigners, ReviewerRules } from '@countersign/core/reviewer'
import { Issue } from './entities.ts'

const POINTS_PER_SPRINT = 100

/** Only the author of an issue may archive it. */
export const authorize: ReviewerRules['authorize'] = ({ authorId }, { values }, row) =>
  values['$archived'] !== true || row?.$createdBy === authorId || 'only its author may archive this'

/** No more than 100 points a sprint. `rows` has the message in it, as if it were accepted. */
export const review: ReviewerRules['review'] = ({ changes }, rows) => {
  for (const sprint of new Set(changes.map(({ after }) => after['sprint']))) {
    if (typeof sprint !== 'string') continue
    const points = rows
      .query(Issue, { where: { sprint } })
      .reduce((sum, row) => sum + row.points, 0)
    if (points > POINTS_PER_SPRINT) return `${sprint} would have ${points} points`
  }
  return undefined
}

/** Issues are numbered in the order in which they are accepted, without gaps. */
export const assign: Assigners = { issue: { number: sequence() } }
