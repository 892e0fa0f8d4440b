/**
 * What last year's app says about fields and refusals, in the words of its version. Nothing here
 * knows of a status or of points.
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

/** The question that a field in conflict asks. */
export function disputeWords(field: Field): string {
  if (field === '$archived') return 'One archived it while another changed it. Which one holds?'
  return `${names[field]} has several values. Which one stays?`
}

export function valueWords(field: Field, value: unknown): string {
  if (field === 'done') return value === true ? 'Done' : 'Open'
  if (field === '$archived') return value === true ? 'Archived' : 'Not archived'
  if (field === 'assignee' && value === '') return 'Nobody'
  if (value === undefined || value === '') return 'Empty'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Why a change was refused. A sentence of the reviewer's rules is shown as it was said. */
export function refusalWords({
  reason,
  detail,
}: Pick<RefusedMessage, 'reason' | 'detail'>): string {
  if ((reason === 'unauthorised' || reason === 'invalid') && detail !== undefined)
    return `The reviewer says: ${detail}.`
  if (reason === 'stale') return 'Somebody else was first.'
  if (reason === 'needs_upgrade') return 'This app is too old for that change. Use today’s board.'
  return 'The reviewer did not accept it.'
}
