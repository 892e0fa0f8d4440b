/**
 * The rules of this board's reviewer: only the author of an issue may archive it, and the issues in
 * Doing have at most 100 points. A page cannot check these, because it may be offline; so it shows a
 * change at once, and reverts it when the reviewer rejects it. Rules read rows in the current version,
 * independent of the build that wrote them.
 */
import type { ReviewRule, Rules } from '@countersign/core/reviewer'
import { Issue } from '../src/model/issue.ts'
import { KEY_VARIABLE } from './issuer.ts'
import { loginOf } from './login.ts'

const doingPointsMax = 100

export const authenticate = loginOf(process.env[KEY_VARIABLE])

export const rules: Rules<typeof Issue> = {
  issue: {
    archive: ({ samePerson }, _, row) =>
      samePerson(row.$createdBy) || 'only the author of an issue may archive it',
  },
}

export const review: ReviewRule = ({ changes }, rows) => {
  // Concurrent messages may exceed the limit together; a message that adds no points is not rejected.
  const added = changes.reduce(
    (sum, { before, after }) => sum + inDoing(after) - inDoing(before),
    0,
  )
  if (added <= 0) return undefined
  const doing = rows.query(Issue, { where: { status: 'doing' } })
  const points = doing.reduce((sum, row) => sum + inDoing(row), 0)
  return points > doingPointsMax
    ? `Doing would have ${points} points, and ${doingPointsMax} is the most: finish something first`
    : undefined
}

interface Sized {
  readonly $archived: boolean
  readonly status?: unknown
  readonly points?: unknown
}

/** The points that a row adds to Doing. A query finds a row in conflict under each of its values. */
function inDoing(row: Sized | undefined): number {
  if (!row || row.$archived || row.status !== 'doing') return 0
  return typeof row.points === 'number' ? row.points : 0
}
