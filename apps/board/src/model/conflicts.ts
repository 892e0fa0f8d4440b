/**
 * Choices for fields in conflict, and the values that they result in. A choice refers to a candidate
 * by its message id, so that it stays valid when other candidates change.
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

/** The fields of the row that are in conflict. */
export function conflictedFields(row: IssueRow): readonly Field[] {
  return Object.keys(row.$conflicts) as Field[]
}

/** Whether the base can be chosen: it is known, and not among the candidates. */
export function offersBase({ base, candidates, field }: IssueConflict): boolean {
  if (base === undefined || field === '$archived') return false
  return candidates.every(({ value }) => value !== base)
}

/** The values to write for all fields with a choice. */
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

/** The chosen value; undefined when the candidate does not exist any more. */
function decidedValue(
  { base, candidates, field }: IssueConflict,
  choice: Choice,
): { readonly value: unknown } | undefined {
  if (choice.of === 'base') return { value: base }
  if (choice.of === 'own')
    return { value: field === 'points' ? Number(choice.value) : choice.value }
  return candidates.find(({ msgId }) => msgId === choice.msgId)
}

/** The initial text of the input for another value: the own candidate, or else the first one. */
export function ownStart({ candidates }: IssueConflict): string {
  const value = (candidates.find(({ mine }) => mine) ?? candidates[0])?.value
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

export interface Parts {
  readonly before: string
  readonly changed: string
  readonly after: string
}

/** The difference between two texts: the common prefix and suffix, and the rest. */
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
