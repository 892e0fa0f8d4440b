/**
 * The history of an issue for display: newest first, with consecutive keystrokes in a text merged to
 * one change.
 */
import type { HistoryEntry } from '@countersign/core'
import { type Act, actOf } from './acts.ts'

export interface Told {
  /** The newest of the merged entries. */
  readonly entry: HistoryEntry
  readonly count: number
}

const typingPauseMs = 60_000

/** Merges entries. `entries`: as returned by the store, oldest first. */
export function told(entries: readonly HistoryEntry[]): readonly Told[] {
  const found: Told[] = []
  for (const entry of entries) {
    const last = found.at(-1)
    if (last && goesOn(last.entry, entry)) found.splice(-1, 1, { entry, count: last.count + 1 })
    else found.push({ entry, count: 1 })
  }
  return found.reverse()
}

function goesOn(before: HistoryEntry, after: HistoryEntry): boolean {
  return (
    before.kind === 'update' &&
    after.kind === 'update' &&
    isTyped(after) &&
    Object.keys(before.values).join() === Object.keys(after.values).join() &&
    before.authorId === after.authorId &&
    before.state === after.state &&
    before.reviewerId === after.reviewerId &&
    !after.forked &&
    after.timestamp - before.timestamp < typingPauseMs
  )
}

function isTyped({ values }: HistoryEntry): boolean {
  const fields = Object.keys(values)
  return fields.length === 1 && (fields[0] === 'title' || fields[0] === 'notes')
}

const reports: Readonly<Record<Act['verb'], string>> = {
  create: 'Created it',
  decide: 'Decided',
  move: 'Moved it',
  archive: 'Archived it',
  restore: 'Restored it',
  change: 'Changed',
}

/** A sentence about a change: `Moved it to Doing`. */
export function didWords(entry: Pick<HistoryEntry, 'kind' | 'values'>): string {
  if (entry.kind === 'migrate') return 'Rewrote it in a newer version'
  const { verb, rest } = actOf(entry)
  if (rest === '') return reports[verb]
  return `${reports[verb]}${verb === 'decide' ? ': ' : ' '}${rest}`
}
