/**
 * Which fields of an issue wait for somebody to decide. Two people who moved one card leave two
 * ranks; both are fine, so nobody is asked about that.
 */
import type { IssueRow } from './issue.ts'

export function conflictedFields(row: IssueRow): readonly string[] {
  return Object.keys(row.$conflicts)
    .filter((field) => field !== 'rank')
    .map((field) => (field === '$archived' ? 'archived' : field))
}
