/** The possible assignees: none, the team, and all other assignees of existing issues. */
import { useQuery } from '@countersign/react'
import { team } from '../model/first-issue.ts'
import { Issue } from '../model/issue.ts'

export function useAssignees(): readonly string[] {
  const named = useQuery(
    Issue,
    { archived: 'include' },
    (result) => [...new Set(result.rows.map((row) => row.assignee))].sort(),
    (before, after) => before.join('\n') === after.join('\n'),
  )
  return [...new Set(['', ...team, ...named])]
}
