/** Classifies a change of an issue by the fields that it writes, for sentences about it. */
import type { RefusedChange } from '@countersign/core'
import { type Status, statusNames } from './issue.ts'
import { fieldWords, listed, statement, valueInSentence } from './words.ts'

export interface Act {
  readonly verb: 'create' | 'decide' | 'move' | 'archive' | 'restore' | 'change'
  /** The rest of the sentence after verb and issue; may be empty. */
  readonly rest: string
}

export function actOf({ kind, values }: Pick<RefusedChange, 'kind' | 'values'>): Act {
  const fields = Object.keys(values).filter((field) => field !== 'rank')
  const only = fields.length === 1 ? fields[0] : undefined
  if (kind === 'create') return { verb: 'create', rest: '' }
  if (kind === 'resolve')
    return { verb: 'decide', rest: listed(fields.map((field) => statement(field, values[field]))) }
  if (fields.length === 0) return { verb: 'move', rest: '' }
  if (only === '$archived')
    return { verb: values['$archived'] === true ? 'archive' : 'restore', rest: '' }
  if (only === 'status' && 'rank' in values)
    return { verb: 'move', rest: `to ${statusNames[values['status'] as Status]}` }
  const changes = fields.map(
    (field) => `${fieldWords(field)} to ${valueInSentence(field, values[field])}`,
  )
  return { verb: 'change', rest: listed(changes) }
}
