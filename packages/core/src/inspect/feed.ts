/**
 * Where a replica tells what happens, while somebody looks. Off, it is not there at all: the
 * replica asks one reference whether it is undefined. On, an event is one line in a ring of
 * columns; it names messages and entities and holds neither rows nor the graph of writes, since
 * a reference into the graph would keep all history alive.
 */
import type { Position } from '../facts/message.ts'
import type { InspectEvent } from './event.ts'
import { EventRing, type RingSubject } from './event-ring.ts'
import type { Refusal, ReviewRecord } from './records.ts'

const TEXT_CHARS_MAX = 240
/** Writes that may wait to be noted. They are so few that what they hold on to does not count. */
const FRESH_MAX = 1_024

/** A message as the replica holds it, as far as the feed looks. */
export interface FeedSubject extends RingSubject {
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  readonly review: ReviewRecord | null
  readonly rejection: Refusal | undefined
}

/** The events of one replica, newest last, in a ring; the oldest fall out. */
export class Feed {
  readonly #now: () => number
  readonly #ring = new EventRing()
  readonly #listeners = new Set<() => void>()
  /** Written, and not in the ring yet: noting them is left to the flush, which comes next. */
  #fresh: FeedSubject[] = []
  /** Told, and nobody has read since. */
  #told = false

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

  /** What happened after the event of that number, oldest first, as far as it is kept. */
  events(after = 0): InspectEvent[] {
    this.#told = false
    this.#noteFresh()
    return this.#ring.after(after)
  }

  /** Calls `listener` when there is something new: once, until somebody reads. */
  subscribe(listener: () => void): () => void {
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Stands in the way of every write, so it does no more than it must. */
  written(subject: FeedSubject): void {
    if (this.#fresh.push(subject) >= FRESH_MAX) this.#noteFresh()
    this.#tell()
  }

  moved(kind: 'queued' | 'volatile' | 'sent' | 'waiting', subject: FeedSubject): void {
    this.#noteFresh()
    this.#ring.about(kind, this.#now(), subject)
    this.#tell()
  }

  /** It has its verdict, or is blocked for good by one. */
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
    this.#tell()
  }

  /** Somebody's message came with its review. */
  arrived(subject: FeedSubject): void {
    if (!subject.review) return
    this.#noteFresh()
    const review = reviewRecord(subject.review)
    this.#ring.about('arrived', this.#now(), subject, { review })
    this.#tell()
  }

  snapshot(position: Position, rows: number): void {
    this.#noteFresh()
    this.#ring.plain('snapshot', this.#now(), { position, rows })
    this.#tell()
  }

  state(
    kind: 'connection' | 'storage' | 'halted' | 'alarm',
    state: string,
    text: string | undefined,
  ): void {
    const details = { state, text: text?.slice(0, TEXT_CHARS_MAX) }
    this.#noteFresh()
    this.#ring.plain(kind, this.#now(), details)
    this.#tell()
  }

  #noteFresh(): void {
    if (this.#fresh.length === 0) return
    const fresh = this.#fresh
    this.#fresh = []
    for (const subject of fresh) this.#ring.about('written', subject.timestamp, subject)
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    for (const listener of [...this.#listeners]) listener()
  }
}

/** Just the place in the order: what a reviewer assigned is a value, and not for the feed. */
export function reviewRecord(review: ReviewRecord): ReviewRecord {
  const { reviewerId, eid, epoch, seq, forked, at } = review
  return { reviewerId, eid, epoch, seq, forked, at }
}
