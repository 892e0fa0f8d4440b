/**
 * A bounded list of events that can be filtered and paused. It keeps as many events as the feed.
 */
import { type EventKind, type InspectEvent, isMessageEvent } from '@countersign/core/inspect'

export const TIMELINE_EVENTS_MAX = 16_384

export type TimelineGroup = 'all' | 'mine' | 'verdicts' | 'others' | 'store'

export const TIMELINE_GROUPS: readonly (readonly [TimelineGroup, string])[] = [
  ['all', 'Everything'],
  ['mine', 'My messages'],
  ['verdicts', 'Verdicts'],
  ['others', 'From others'],
  ['store', 'Store and link'],
]

const KINDS: Readonly<Record<Exclude<TimelineGroup, 'all'>, ReadonlySet<EventKind>>> = {
  mine: new Set<EventKind>([
    'written',
    'queued',
    'volatile',
    'sent',
    'waiting',
    'accepted',
    'rejected',
    'blocked',
  ]),
  verdicts: new Set<EventKind>(['accepted', 'rejected', 'blocked']),
  others: new Set<EventKind>(['arrived', 'snapshot']),
  store: new Set<EventKind>(['connection', 'storage', 'halted', 'alarm', 'snapshot']),
}

export interface TimelineFilter {
  readonly group: TimelineGroup
  /** Every word must be in the kind, a type, an id, an author, or a note. */
  readonly text: string
}

export class Timeline {
  #events: InspectEvent[] = []
  /** The last shown event while paused. */
  #pausedAt: number | undefined

  get paused(): boolean {
    return this.#pausedAt !== undefined
  }

  /** The number of events since it was paused. */
  get behind(): number {
    return this.#pausedAt === undefined ? 0 : this.#lastSeq() - this.#pausedAt
  }

  get size(): number {
    return this.#events.length
  }

  pause(): void {
    this.#pausedAt ??= this.#lastSeq()
  }

  go(): void {
    this.#pausedAt = undefined
  }

  take(events: readonly InspectEvent[]): void {
    this.#events.push(...events)
    const over = this.#events.length - TIMELINE_EVENTS_MAX
    if (over > 0) this.#events = this.#events.slice(over)
  }

  /** Newest first. */
  shown(filter: TimelineFilter): InspectEvent[] {
    const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
    const kinds = filter.group === 'all' ? undefined : KINDS[filter.group]
    const end = this.#pausedAt ?? Infinity
    const found: InspectEvent[] = []
    for (let at = this.#events.length - 1; at >= 0; at--) {
      const event = this.#events[at]!
      if (event.seq > end || (kinds && !kinds.has(event.kind))) continue
      if (words.length > 0 && !hasWords(event, words)) continue
      found.push(event)
    }
    return found
  }

  #lastSeq(): number {
    return this.#events.at(-1)?.seq ?? 0
  }
}

function hasWords(event: InspectEvent, words: readonly string[]): boolean {
  const text = textOf(event).toLowerCase()
  return words.every((word) => text.includes(word))
}

/** The text that a filter searches. */
function textOf(event: InspectEvent): string {
  if (event.kind === 'snapshot') return `snapshot ${event.position.seq}`
  if (!isMessageEvent(event)) return `${event.kind} ${event.state} ${event.text ?? ''}`
  const { message } = event
  const entities = message.entities.map(({ type, id }) => `${type} ${id}`).join(' ')
  const refusal = event.kind === 'rejected' ? event.refusal.reason : ''
  return `${event.kind} ${message.name} ${message.id ?? ''} ${message.authorId} ${entities} ${refusal}`
}
