/**
 * Texts about refused messages: their changes, the reason, and their dependents. Reasons are codes of
 * the reviewer; a sentence of its rules is shown verbatim.
 */
import type { RefusedChange, RefusedMessage, StandingValue } from '@countersign/core'
import { type Act, actOf } from './acts.ts'
import { listed, quoted, sentence, statement } from './words.ts'

/** Names of people and titles of issues, by id. */
export interface Names {
  readonly personOf: (authorId: string) => string
  /** undefined for an unknown issue. */
  readonly titleOf: (id: string) => string | undefined
}

type Reason = RefusedMessage['reason']

const reasons: Readonly<Record<Reason, string>> = {
  unauthorised: 'You may not do this.',
  invalid: 'The reviewer rejected it as invalid.',
  stale: 'Another change came first.',
  contested: 'Too many others have changed the same at once. Decide there first, then try again.',
  precondition_failed: 'The board has changed since it was written.',
  parent_rejected: 'It depends on a change that was refused.',
  parent_lost: 'The reviewer no longer has the issue that it changes.',
  seq_reused: 'This device has sent another change under the same number.',
  tampered: 'Its signature does not match its content.',
  entity_exists: 'This issue exists already.',
  too_large: 'It is too large.',
  needs_upgrade: 'This page is too old for it. Reload the page.',
  revoked: 'This name may not write here any more.',
  damaged: 'This browser damaged its record before it was sent. It can be written again.',
}

/** Reasons whose detail is a sentence of the reviewer's rules. */
const sayThemselves: ReadonlySet<Reason> = new Set(['unauthorised', 'invalid'])

export function reasonWords(
  { reason, detail, standing }: Pick<RefusedMessage, 'reason' | 'detail' | 'standing'>,
  names: Names,
): string {
  if (reason === 'stale' && standing.length > 0) return standingWords(standing, names)
  if (sayThemselves.has(reason) && detail !== undefined && detail !== '') return sentence(detail)
  return reasons[reason]
}

/** A sentence about the winning decision: `Ann decided first: Title is “B”.` */
export function standingWords(standing: readonly StandingValue[], names: Names): string {
  const people = [...new Set(standing.map(({ authorId }) => names.personOf(authorId)))]
  const told = standing.filter(({ value }) => value !== undefined)
  const values = told.map(({ field, value }) => statement(field, value))
  return `${listed(people)} decided first${values.length === 0 ? '' : `: ${listed(values)}`}.`
}

const orders: Readonly<Record<Act['verb'], string>> = {
  create: 'Create',
  decide: 'Decide in',
  move: 'Move',
  archive: 'Archive',
  restore: 'Restore',
  change: 'Change',
}

/** A change in the imperative: `Archive “A”`. */
export function wantWords(change: RefusedChange, names: Names): string {
  const said = change.values['title']
  const title = names.titleOf(change.id) ?? (typeof said === 'string' ? said : undefined)
  const issue = title === undefined ? 'an issue that is not here' : quoted(title)
  const { verb, rest } = actOf(change)
  if (rest === '') return `${orders[verb]} ${issue}`
  return `${orders[verb]} ${issue}${verb === 'move' ? ' ' : ': '}${rest}`
}

/** The refused messages that depend on no other refused one; commands on them include the others. */
export function rootsOf(refused: readonly RefusedMessage[]): readonly RefusedMessage[] {
  const standing = new Set(refused.flatMap(({ descendants }) => descendants))
  return refused.filter(({ messageId }) => !standing.has(messageId))
}

/** The text of a toast about a refusal. */
export function newsOf(message: RefusedMessage, names: Names): string {
  const why = reasonWords(message, names)
  if (message.reason === 'stale') return `${why} Your change is kept under Rejected.`
  const [first] = message.changes
  const more = message.changes.length > 1 ? ` and ${message.changes.length - 1} more` : ''
  const what = first ? `Refused: ${wantWords(first, names)}${more}.` : 'Refused.'
  return `${what} ${why}`
}
