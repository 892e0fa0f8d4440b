/** The type as declared in last year's app. Later versions are read from the space. */
import type { Row } from '@countersign/core'
import { FirstIssue } from '../model/first-issue.ts'

export const Issue = FirstIssue.index('list', ['done', 'rank']).conflicts({ rank: 'last' })

export type IssueRow = Row<typeof Issue>
