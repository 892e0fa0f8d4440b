/**
 * Texts for fields and their values, shared by conflicts, refusals and the history.
 */
import type { Conflict } from '@countersign/core'
import { type Issue, type Status, statusNames } from './issue.ts'

export type Field = Conflict<typeof Issue>['field']

export const fieldNames: Readonly<Record<Field, string>> = {
  title: 'Title',
  status: 'Status',
  points: 'Points',
  assignee: 'Assignee',
  notes: 'Notes',
  rank: 'Place',
  $archived: 'Archiving',
}

/** The label of a field; for an unknown one, its name. */
export function fieldWords(field: string): string {
  return Object.hasOwn(fieldNames, field) ? fieldNames[field as Field] : field
}

/** A value on its own, as a field shows it. */
export function valueWords(field: string, value: unknown): string {
  if (field === '$archived') return value === true ? 'Archived' : 'On the board'
  if (field === 'status' && isStatus(value)) return statusNames[value]
  if (field === 'points') return value === 0 ? 'None' : String(value)
  if (field === 'assignee' && value === '') return 'Nobody'
  if (value === undefined || value === '') return 'Empty'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** A value within a sentence: free text is quoted and truncated. */
export function valueInSentence(field: string, value: unknown): string {
  const words = valueWords(field, value)
  const isText = (field === 'title' || field === 'notes') && value !== '' && value !== undefined
  return isText ? quoted(words) : words
}

/** The current value, as part of a sentence: `Title is “B”`. */
export function statement(field: string, value: unknown): string {
  if (field === '$archived') return value === true ? 'it is archived' : 'it stays on the board'
  return `${fieldWords(field)} is ${valueInSentence(field, value)}`
}

const quotedMax = 60

export function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return `“${line.length > quotedMax ? `${line.slice(0, quotedMax)}…` : line}”`
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/** Adds a capital at the start and a full stop at the end of any text. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  const capital = trimmed.slice(0, 1).toUpperCase() + trimmed.slice(1)
  return /[.!?…]$/.test(capital) ? capital : `${capital}.`
}

const isStatus = (value: unknown): value is Status =>
  typeof value === 'string' && Object.hasOwn(statusNames, value)
