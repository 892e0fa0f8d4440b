/**
 * Records the events of a replica while a devtools listener is subscribed. Off, the replica has no
 * feed, and checks one reference for undefined. On, an event is one slot in a ring of columns; it
 * names messages and entities, but holds no rows and no writes, since a reference into the graph of
 * writes would retain all history.
 */
import type { Position } from '../facts/message.ts'
import type { InspectEvent } from './event.ts'
import { EventRing, type RingSubject } from './event-ring.ts'
import type { RefusalRecord, ReviewRecord } from './records.ts'

const TEXT_CHARS_MAX = 240
/** Writes not recorded yet. They are few, so the memory that they retain does not matter. */
const FRESH_MAX = 1_024

/** The part of a message that the feed reads. */
export interface FeedSubject extends RingSubject {
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  readonly review: ReviewRecord | null
  readonly rejection: RefusalRecord | undefined
}

/** The events of one replica, newest last, in a ring; the oldest are overwritten. */
export class Feed {
  readonly #now: () => number
  readonly #ring = new EventRing()
  readonly #listeners = new Set<() => void>()
  /** Written, but not in the ring yet: the next flush records them. */
  #fresh: FeedSubject[] = []
  /** Whether listeners were notified since the last read. */
  #isNotified = false

  constructor(now: () => number) {
    this.#now = now
  }

  get listeners(): number {
    return this.#listeners.size
  }

  get dropped(): number {
    this.#noteFresh()
    return this.#ring.dropped
  }

  /** The stored events after the one with that number, oldest first. */
  events(after = 0): InspectEvent[] {
    this.#isNotified = false
    this.#noteFresh()
    return this.#ring.after(after)
  }

  /** Calls `listener` when there is a new event: once, until `events` is called. */
  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Runs in every write of the app, so it does the minimum. */
  written(subject: FeedSubject): void {
    if (this.#fresh.push(subject) >= FRESH_MAX) this.#noteFresh()
    this.#notify()
  }

  moved(kind: 'queued' | 'volatile' | 'sent' | 'waiting', subject: FeedSubject): void {
    this.#noteFresh()
    this.#ring.about(kind, this.#now(), subject)
    this.#notify()
  }

  /** Records a verdict: accepted, rejected, or blocked by a rejected parent. */
  settled(subject: FeedSubject): void {
    this.#noteFresh()
    const { review, rejection } = subject
    const at = this.#now()
    if (rejection?.reason === 'parent_rejected') this.#ring.about('blocked', at, subject)
    else if (rejection) {
      const { reason, detail } = rejection
      const refusal = { reason, detail: detail?.slice(0, TEXT_CHARS_MAX) }
      this.#ring.about('rejected', at, subject, { refusal })
    } else if (review) {
      this.#ring.about('accepted', at, subject, { review: reviewRecord(review) })
    }
    this.#notify()
  }

  /** Records another author's message that arrived with its review. */
  arrived(subject: FeedSubject): void {
    if (!subject.review) return
    this.#noteFresh()
    const review = reviewRecord(subject.review)
    this.#ring.about('arrived', this.#now(), subject, { review })
    this.#notify()
  }

  snapshot(position: Position, rows: number): void {
    this.#noteFresh()
    this.#ring.plain('snapshot', this.#now(), { position, rows })
    this.#notify()
  }

  /** Values were erased: whoever shows some asks again. */
  erased(): void {
    this.#notify()
  }

  state(
    kind: 'connection' | 'storage' | 'halted' | 'alarm',
    state: string,
    text: string | undefined,
  ): void {
    const details = { state, text: text?.slice(0, TEXT_CHARS_MAX) }
    this.#noteFresh()
    this.#ring.plain(kind, this.#now(), details)
    this.#notify()
  }

  #noteFresh(): void {
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh
    this.#fresh = []
    for (const subject of fresh) this.#ring.about('written', subject.timestamp, subject)
  }

  #notify(): void {
    if (this.#isNotified) return
    this.#isNotified = true
    for (const listener of [...this.#listeners]) listener()
  }
}

/** The position in the order only: assigned values are omitted from the feed. */
export function reviewRecord(review: ReviewRecord): ReviewRecord {
  const { reviewerId, eid, epoch, seq, forked, at } = review
  return { reviewerId, eid, epoch, seq, forked, at }
}
