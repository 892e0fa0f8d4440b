/**
 * The rules of this board, as its reviewer keeps them: only the author of an issue may archive it,
 * and the issues in Doing have 100 points at the most. A page cannot promise either, for it may be
 * offline; so it shows the change at once, and takes it back when the reviewer says no. They look at
 * rows in the version of today, whichever build wrote them.
 */
import type { ReviewerRules } from '@countersign/core/reviewer'
import { Issue } from '../src/model/issue.ts'

const doingPointsMax = 100

export const authorize: ReviewerRules['authorize'] = ({ authorId }, { values }, row) =>
  values['$archived'] !== true || row === undefined || row.$createdBy === authorId
    ? true
    : 'only the author of an issue may archive it'

export const review: ReviewerRules['review'] = ({ changes }, rows) => {
  // Points may meet in Doing from several sides; a message that adds none is not to blame.
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

/** The points that a row brings to Doing. A row in conflict is found under each of its values. */
function inDoing(row: Sized | undefined): number {
  if (!row || row.$archived || row.status !== 'doing') return 0
  return typeof row.points === 'number' ? row.points : 0
}
