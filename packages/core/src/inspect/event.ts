/**
 * What happens in a replica, as the feed tells it: one closed union, versioned, plain data.
 *
 *   written ─▶ queued | volatile ─▶ sent ─▶ accepted | rejected | blocked
 *                  ▲                  └─ waiting: a nack, no answer, or the link is gone
 *   arrived: somebody's message with its review        snapshot: everything at a position
 */
import type { Position } from '../message/message.ts'
import type { MessageRef, Refusal, ReviewRecord } from './records.ts'

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

export type MessageEvent =
  | About<'written' | 'queued' | 'volatile' | 'sent' | 'waiting' | 'blocked'>
  | (About<'accepted' | 'arrived'> & { readonly review: ReviewRecord })
  | (About<'rejected'> & { readonly refusal: Refusal })

export type InspectEvent =
  | MessageEvent
  | (Base<'snapshot'> & { readonly position: Position; readonly rows: number })
  | (Base<'connection' | 'storage' | 'halted' | 'alarm'> & {
      readonly state: string
      readonly text: string | undefined
    })

export type EventKind = InspectEvent['kind']

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

export function isMessageEvent(event: InspectEvent): event is MessageEvent {
  return 'message' in event
}
