/**
 * The events of a replica in the feed: one closed union, versioned, plain data.
 *
 *   written ─▶ queued | volatile ─▶ sent ─▶ accepted | rejected | blocked
 *                  ▲                  └─ waiting: a nack, no answer, or the link closed
 *   arrived: another author's message with its review   snapshot: the whole state at a position
 */
import type { Position } from '../facts/message.ts'
import type { MessageRef, RefusalRecord, ReviewRecord } from './records.ts'

interface Base<K extends string> {
  readonly v: 1
  /** 1, 2, 3… of this feed. */
  readonly seq: number
  /** The replica's clock, ms since 1970. */
  readonly at: number
  readonly kind: K
}

interface About<K extends string> extends Base<K> {
  readonly message: MessageRef
}

/** A step in the life of one message. */
export type MessageEvent =
  | About<'written' | 'queued' | 'volatile' | 'sent' | 'waiting' | 'blocked'>
  | (About<'accepted' | 'arrived'> & { readonly review: ReviewRecord })
  | (About<'rejected'> & { readonly refusal: RefusalRecord })

/** An event of a replica, in order. `seq` counts from 1; `at` is in ms since 1970. */
export type InspectEvent =
  | MessageEvent
  | (Base<'snapshot'> & { readonly position: Position; readonly rows: number })
  | (Base<'connection' | 'storage' | 'halted' | 'alarm'> & {
      readonly state: string
      readonly text: string | undefined
    })

/** The discriminant of the event union. */
export type EventKind = InspectEvent['kind']

/** Every kind, in a fixed order: rings store the index. */
export const EVENT_KINDS: readonly EventKind[] = [
  'written',
  'queued',
  'volatile',
  'sent',
  'waiting',
  'accepted',
  'rejected',
  'blocked',
  'arrived',
  'snapshot',
  'connection',
  'storage',
  'halted',
  'alarm',
]

/** Whether an event is about one message. */
export function isMessageEvent(event: InspectEvent): event is MessageEvent {
  return 'message' in event
}
