/**
 * The texts of last year's app about fields and refusals, in the terms of its version, without status
 * and points.
 */
import type { Conflict, RefusedMessage } from '@countersign/core'
import type { Issue } from './issue.ts'

type Field = Conflict<typeof Issue>['field']

const names: Readonly<Record<Exclude<Field, '$archived'>, string>> = {
  title: 'Title',
  done: 'The tick',
  assignee: 'Assignee',
  notes: 'Notes',
  rank: 'Place',
}

/** The question for a field in conflict. */
export function disputeWords(field: Field): string {
  if (field === '$archived')
    return 'One archived it while another changed it. Which one do you keep?'
  return `${names[field]} has several values. Which one stays?`
}

export function valueWords(field: Field, value: unknown): string {
  if (field === 'done') return value === true ? 'Done' : 'Open'
  if (field === '$archived') return value === true ? 'Archived' : 'Not archived'
  if (field === 'assignee' && value === '') return 'Nobody'
  if (value === undefined || value === '') return 'Empty'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Why a change was rejected. A sentence of the reviewer's rules is shown verbatim. */
export function refusalWords({
  reason,
  detail,
}: Pick<RefusedMessage, 'reason' | 'detail'>): string {
  if ((reason === 'unauthorised' || reason === 'invalid') && detail !== undefined)
    return `The reviewer says: ${detail}.`
  if (reason === 'stale') return 'Another change came first.'
  if (reason === 'contested') return 'Too many others changed it at once. Decide there first.'
  if (reason === 'needs_upgrade') return 'This app is too old for that change. Use today’s board.'
  return 'The reviewer did not accept it.'
}
