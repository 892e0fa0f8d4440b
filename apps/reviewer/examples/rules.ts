/**
 * The rules of the board, for `--rules`. Each is a pure, synchronous function of its arguments: no
 * clock, no network. A returned sentence rejects the message, and is shown to its author.
 */
import { sequence } from '@countersign/core/reviewer'
import type { Assigners, Capabilities, ReviewRule, Rules } from '@countersign/core/reviewer'
import { Issue } from './entities.ts'

const POINTS_PER_SPRINT = 100

/** Everybody reads and writes. Versions are published by this reviewer, from `--entities`. */
export const capabilities: Capabilities = () => ['read', 'write']

/** Only the author of an issue may archive it, on whatever device. */
export const rules: Rules<typeof Issue> = {
  issue: {
    archive: ({ samePerson }, _, row) =>
      samePerson(row.$createdBy) || 'only its author may archive this',
  },
}

/** Allows at most 100 points a sprint. `rows` are the rows after the message. */
export const review: ReviewRule = ({ changes }, rows) => {
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
