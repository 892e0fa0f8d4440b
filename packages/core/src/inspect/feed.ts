/**
 * Where a replica tells what happens, while somebody looks. Off, it is not there at all: the
 * replica asks one reference whether it is undefined. On, an event is one small record in a
 * ring; it names messages and entities and holds neither rows nor the graph of writes, since
 * a reference into the graph would keep all history alive.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../message/message.ts'
import type { InspectEvent } from './event.ts'
import type { EntityName, MessageRef, Refusal, ReviewRecord } from './records.ts'
import { Ring } from './ring.ts'

/** Events that are kept. At about 350 bytes each they stay well under `RING_BYTES_MAX`. */
export const RING_EVENTS_MAX = 16_384
/** What the ring weighs at the most, a test measures it. */
export const RING_BYTES_MAX: number = 10 * 1_048_576
/** Entities a message is listed under; the rest is a number. */
const ENTITIES_MAX = 4
const TEXT_CHARS_MAX = 240

/** A message as the replica holds it, as far as the feed looks. */
export interface FeedSubject {
  readonly session: { readonly authorId: Uuid; readonly sessionId: Uuid }
  readonly clientSeq: number
  readonly identified: boolean
  /** Asked only when `identified`: before that it would cost a hash. */
  readonly id: Uuid
  readonly writes: readonly { readonly type: string; readonly entityId: Uuid }[]
  readonly review: ReviewRecord | null
  readonly rejection: Refusal | undefined
}

interface Ref extends MessageRef {
  id: Uuid | undefined
}

export class Feed {
  readonly #now: () => number
  readonly #ring: Ring<InspectEvent> = new Ring(RING_EVENTS_MAX)
  readonly #listeners = new Set<() => void>()
  /** Refs of what has no verdict yet, so that all its events share one. */
  readonly #open = new WeakMap<FeedSubject, Ref>()
  /** Told, and nobody has read since. */
  #told = false

  constructor(now: () => number) {
    this.#now = now
  }

  get listeners(): number {
    return this.#listeners.size
  }

  get dropped(): number {
    return this.#ring.dropped
  }

  /** What happened after the event of that number, oldest first, as far as it is kept. */
  events(after = 0): InspectEvent[] {
    this.#told = false
    return this.#ring.after(after)
  }

  /** Calls `listener` when there is something new: once, until somebody reads. */
  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  written(subject: FeedSubject): void {
    this.#step('written', this.#openRef(subject))
  }

  moved(kind: 'queued' | 'volatile' | 'sent' | 'waiting', subject: FeedSubject): void {
    this.#step(kind, this.#openRef(subject))
  }

  /** It has its verdict, or is blocked for good by one. */
  settled(subject: FeedSubject): void {
    const message = this.#openRef(subject)
    this.#open.delete(subject)
    const { review, rejection } = subject
    if (rejection && rejection.reason !== 'parent_rejected')
      this.#push({ ...this.#base(), kind: 'rejected', message, refusal: trimmed(rejection) })
    else if (rejection) this.#step('blocked', message)
    else if (review)
      this.#push({ ...this.#base(), kind: 'accepted', message, review: reviewRecord(review) })
  }

  /** Somebody's message came with its review. */
  arrived(subject: FeedSubject): void {
    const { review } = subject
    if (!review) return
    const message = refOf(subject)
    this.#push({ ...this.#base(), kind: 'arrived', message, review: reviewRecord(review) })
  }

  snapshot(position: Position, rows: number): void {
    this.#push({ ...this.#base(), kind: 'snapshot', position, rows })
  }

  state(kind: 'connection' | 'storage' | 'halted', state: string, text: string | undefined): void {
    this.#push({ ...this.#base(), kind, state, text: text?.slice(0, TEXT_CHARS_MAX) })
  }

  #step(
    kind: 'written' | 'queued' | 'volatile' | 'sent' | 'waiting' | 'blocked',
    message: MessageRef,
  ): void {
    this.#push({ v: 1, seq: this.#ring.total + 1, at: this.#now(), kind, message })
  }

  #base(): { readonly v: 1; readonly seq: number; readonly at: number } {
    return { v: 1, seq: this.#ring.total + 1, at: this.#now() }
  }

  #push(event: InspectEvent): void {
    this.#ring.push(event)
    if (this.#told) return
    this.#told = true
    for (const listener of [...this.#listeners]) listener()
  }

  #openRef(subject: FeedSubject): Ref {
    let ref = this.#open.get(subject)
    if (!ref) this.#open.set(subject, (ref = refOf(subject)))
    else if (ref.id === undefined && subject.identified) ref.id = subject.id
    return ref
  }
}

/** What a message is called here. */
export function nameOf(subject: Pick<FeedSubject, 'session' | 'clientSeq' | 'id'>): string {
  const { sessionId } = subject.session
  return sessionId === '' ? subject.id : `${sessionId}:${subject.clientSeq}`
}

function refOf(subject: FeedSubject): Ref {
  const { writes } = subject
  const entities: EntityName[] = []
  for (let at = 0; at < writes.length && at < ENTITIES_MAX; at++) {
    const { type, entityId } = writes[at]!
    entities.push({ type, id: entityId })
  }
  return {
    name: nameOf(subject),
    authorId: subject.session.authorId,
    id: subject.identified ? subject.id : undefined,
    entities,
    changes: writes.length,
  }
}

/** Just the place in the order: what a reviewer assigned is a value, and not for the feed. */
export function reviewRecord(review: ReviewRecord): ReviewRecord {
  const { reviewerId, eid, epoch, seq, forked, at } = review
  return { reviewerId, eid, epoch, seq, forked, at }
}

function trimmed({ reason, detail }: Refusal): Refusal {
  return { reason, detail: detail?.slice(0, TEXT_CHARS_MAX) }
}
