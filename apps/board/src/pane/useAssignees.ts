/** Whom an issue can be given to: nobody, the team, and whoever else an issue names. */
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
