/**
 * The outbox as text: the state of each message, and the event that it waits for. Pure functions of
 * records; attempts are counted from the feed, since the panel was opened.
 */
import type {
  InspectEvent,
  MessageRecord,
  MessageState,
  SyncRecord,
} from '@countersign/core/inspect'
import { shortId } from './words.ts'

export type OutboxFilter = 'open' | 'refused' | 'accepted' | 'all'

const OPEN: ReadonlySet<MessageState> = new Set(['draft', 'queued', 'volatile', 'sent'])
const REFUSED: ReadonlySet<MessageState> = new Set(['rejected', 'blocked'])

export interface OutboxRow {
  readonly message: MessageRecord
  readonly attempts: number
  /** The event that it waits for, or the reason of its rejection, as text. */
  readonly waitsFor: string
}

/** Counts how often each message was sent, by name, until it is accepted. */
export class Attempts {
  readonly #counts = new Map<string, number>()

  take(events: readonly InspectEvent[]): void {
    for (const event of events) {
      if (event.kind !== 'sent' && event.kind !== 'accepted') continue
      const { name } = event.message
      if (event.kind === 'sent') this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
      else this.#counts.delete(name)
    }
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }
}

export function isOpen({ state }: MessageRecord): boolean {
  return OPEN.has(state)
}

export function isRefused({ state }: MessageRecord): boolean {
  return REFUSED.has(state)
}

/** Own messages by filter: open and refused ones oldest first, accepted ones newest first. */
export function outboxRows(
  messages: readonly MessageRecord[],
  filter: OutboxFilter,
  { sync, attempts }: { sync: SyncRecord; attempts: Attempts },
): OutboxRow[] {
  const byName = new Map(messages.map((message) => [message.name, message]))
  const found = messages.filter(
    (message) =>
      message.own &&
      (filter === 'all' ||
        (filter === 'open' && isOpen(message)) ||
        (filter === 'refused' && isRefused(message)) ||
        (filter === 'accepted' && message.state === 'accepted')),
  )
  if (filter === 'accepted' || filter === 'all') found.reverse()
  return found.map((message) => ({
    message,
    attempts: attempts.of(message.name),
    waitsFor: waitsFor(message, { byName, sync }),
  }))
}

function waitsFor(
  message: MessageRecord,
  { byName, sync }: { byName: ReadonlyMap<string, MessageRecord>; sync: SyncRecord },
): string {
  const { state, refusal, review } = message
  if (review) return review.forked ? 'accepted, concurrent with another change' : 'accepted'
  if (state === 'rejected') return refusal?.reason ?? 'refused'
  if (state === 'blocked') return blockedText(message, byName)
  if (state === 'dismissed') return 'dismissed'
  if (state === 'draft') return 'being stored on this device'
  if (sync.connection === 'none') return 'no transport is configured'
  if (sync.connection === 'offline' || sync.connection === 'closed') return 'the store is offline'
  if (
    sync.connection === 'connecting' ||
    sync.connection === 'refused' ||
    sync.connection === 'unauthorised'
  )
    return sync.connectionNote ?? 'the reviewer cannot be reached'
  if (state === 'sent') return 'the verdict'
  const parents = openParents(message, byName)
  return parents > 0 ? `${parents} earlier ${parents === 1 ? 'message' : 'messages'}` : 'its turn'
}

/** The refused message that blocks this one, and why that one was refused. */
function blockedText(
  { blockedBy = [] }: MessageRecord,
  byName: ReadonlyMap<string, MessageRecord>,
): string {
  const [first] = blockedBy
  if (first === undefined) return 'depends on a refused message'
  const reason = byName.get(first)?.refusal?.reason
  const more = blockedBy.length > 1 ? ` and ${blockedBy.length - 1} more` : ''
  return `depends on ${shortId(first)}${more}${reason === undefined ? '' : ` (${reason})`}`
}

/** Refused messages that depend on it, directly or not: a command on it includes them. */
export function dependentsOf(
  { name }: MessageRecord,
  messages: readonly MessageRecord[],
): readonly string[] {
  const found = new Set([name])
  for (const each of messages)
    if (each.blockedBy?.some((parent) => found.has(parent))) found.add(each.name)
  found.delete(name)
  return [...found]
}

/** The number of its parents among own messages without a verdict. */
function openParents(message: MessageRecord, byName: ReadonlyMap<string, MessageRecord>): number {
  const names = new Set(message.changes.flatMap(({ parents }) => parents))
  let open = 0
  for (const name of names) {
    const parent = byName.get(name)
    if (parent && parent.state !== 'accepted') open++
  }
  return open
}

/** The number of messages in each filter, for its labels. */
export function outboxCounts(
  messages: readonly MessageRecord[],
): Readonly<Record<OutboxFilter, number>> {
  const own = messages.filter((message) => message.own)
  return {
    open: own.filter(isOpen).length,
    refused: own.filter(isRefused).length,
    accepted: own.filter(({ state }) => state === 'accepted').length,
    all: own.length,
  }
}
