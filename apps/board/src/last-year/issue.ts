/** The type as last year's app declares it. Of the versions after it, it learns from the space. */
import type { Row } from '@countersign/core'
import { FirstIssue } from '../model/first-issue.ts'

export const Issue = FirstIssue.index('list', ['done', 'rank']).conflicts({ rank: 'last' })

export type IssueRow = Row<typeof Issue>
