/**
 * What somebody chooses for a field in conflict, and the value that comes of it. A choice names a
 * candidate by its message, so that it still means the same when another candidate comes or goes.
 */
import type { Conflict } from '@countersign/core'
import type { Issue, IssueRow } from './issue.ts'
import type { Field } from './words.ts'

export type IssueConflict = Conflict<typeof Issue>

export type Choice =
  | { readonly of: 'candidate'; readonly msgId: string }
  | { readonly of: 'base' }
  | { readonly of: 'own'; readonly value: string }

export type Choices = Readonly<Partial<Record<Field, Choice>>>

/** Fields of the row that wait for somebody to decide. */
export function conflictedFields(row: IssueRow): readonly Field[] {
  return Object.keys(row.$conflicts) as Field[]
}

/** Whether the value before is one to go back to: known, and not among the candidates already. */
export function offersBase({ base, candidates, field }: IssueConflict): boolean {
  if (base === undefined || field === '$archived') return false
  return candidates.every(({ value }) => value !== base)
}

/** What is to be written for each field that somebody has chosen for. */
export function decisionsOf(
  conflicts: readonly IssueConflict[],
  choices: Choices,
): readonly { readonly conflict: IssueConflict; readonly value: unknown }[] {
  return conflicts.flatMap((conflict) => {
    const choice = choices[conflict.field]
    const decided = choice && decidedValue(conflict, choice)
    return decided ? [{ conflict, value: decided.value }] : []
  })
}

/** undefined when the choice is not there any more. */
function decidedValue(
  { base, candidates, field }: IssueConflict,
  choice: Choice,
): { readonly value: unknown } | undefined {
  if (choice.of === 'base') return { value: base }
  if (choice.of === 'own')
    return { value: field === 'points' ? Number(choice.value) : choice.value }
  return candidates.find(({ msgId }) => msgId === choice.msgId)
}

/** What to begin with for a value of one's own: what one has written, or else what came first. */
export function ownStart({ candidates }: IssueConflict): string {
  const value = (candidates.find(({ mine }) => mine) ?? candidates[0])?.value
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

export interface Parts {
  readonly before: string
  readonly changed: string
  readonly after: string
}

/** Where a text differs from the one it came from: what both begin and end with, and the rest. */
export function changedParts(base: string, text: string): Parts {
  const shorter = Math.min(base.length, text.length)
  let start = 0
  while (start < shorter && base[start] === text[start]) start++
  let end = 0
  while (end < shorter - start && base.at(-1 - end) === text.at(-1 - end)) end++
  const until = text.length - end
  return {
    before: text.slice(0, start),
    changed: text.slice(start, until),
    after: text.slice(until),
  }
}
