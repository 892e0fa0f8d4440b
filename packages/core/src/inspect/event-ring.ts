/**
 * The last events of a replica, in columns: adding an event allocates nothing but its details, and
 * overwrites the oldest one. Memory is bounded, and the ring has no reference into the graph of
 * writes. Event objects are built when they are read.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import { EVENT_KINDS, type EventKind, type InspectEvent } from './event.ts'
import type { EntityName, MessageRef, RefusalRecord, ReviewRecord } from './records.ts'

/** Maximum events. With their ids they use less memory than `RING_BYTES_MAX`. */
export const RING_EVENTS_MAX = 16_384
/** Maximum memory of the ring; measured by a test. */
export const RING_BYTES_MAX: number = 10 * 1_048_576
/** Maximum entities listed for a message; the others are only counted. */
const ENTITIES_MAX = 4

/** The part of a message that the ring reads. */
export interface RingSubject {
  readonly session: SessionName
  readonly clientSeq: number
  readonly identified: boolean
  /** Read only when `identified`: otherwise it would cost a hash. */
  readonly id: Uuid
  readonly writes: readonly { readonly type: string; readonly entityId: Uuid }[]
}

interface SessionName {
  readonly authorId: Uuid
  readonly sessionId: Uuid
}

/** The details of an event beyond its time, its kind and its message. */
export type EventDetails =
  | { readonly review: ReviewRecord }
  | { readonly refusal: RefusalRecord }
  | { readonly position: Position; readonly rows: number }
  | { readonly state: string; readonly text: string | undefined }

const CODES = Object.fromEntries(EVENT_KINDS.map((kind, code) => [kind, code])) as Readonly<
  Record<EventKind, number>
>

export class EventRing {
  readonly #kinds = new Uint8Array(RING_EVENTS_MAX)
  readonly #times = new Float64Array(RING_EVENTS_MAX)
  readonly #clientSeqs = new Float64Array(RING_EVENTS_MAX)
  readonly #changes = new Uint16Array(RING_EVENTS_MAX)
  readonly #sessions = column<SessionName>()
  readonly #ids = column<Uuid>()
  readonly #types = column<string>()
  readonly #entities = column<Uuid>()
  readonly #more = column<readonly EntityName[]>()
  readonly #details = column<EventDetails>()
  #total = 0

  /** Number of events ever added. */
  get total(): number {
    return this.#total
  }

  /** Number of events that were overwritten. */
  get dropped(): number {
    return Math.max(0, this.#total - RING_EVENTS_MAX)
  }

  about(kind: EventKind, at: number, subject: RingSubject, details?: EventDetails): void {
    const slot = this.#slot(kind, at, details)
    const { writes } = subject
    const first = writes[0]
    this.#sessions[slot] = subject.session
    this.#clientSeqs[slot] = subject.clientSeq
    this.#ids[slot] = subject.identified ? subject.id : undefined
    this.#changes[slot] = writes.length
    this.#types[slot] = first?.type
    this.#entities[slot] = first?.entityId
    this.#more[slot] = writes.length > 1 ? namesOf(writes) : undefined
  }

  plain(kind: EventKind, at: number, details: EventDetails): void {
    const slot = this.#slot(kind, at, details)
    this.#sessions[slot] = undefined
    this.#ids[slot] = undefined
    this.#entities[slot] = undefined
    this.#more[slot] = undefined
  }

  /** The stored events after the first `count` ever added, oldest first. */
  after(count: number): InspectEvent[] {
    const found: InspectEvent[] = []
    for (let at = Math.max(count, this.dropped); at < this.#total; at++) found.push(this.#event(at))
    return found
  }

  #slot(kind: EventKind, at: number, details: EventDetails | undefined): number {
    const slot = this.#total++ % RING_EVENTS_MAX
    this.#kinds[slot] = CODES[kind]
    this.#times[slot] = at
    this.#details[slot] = details
    return slot
  }

  #event(n: number): InspectEvent {
    const slot = n % RING_EVENTS_MAX
    // The slot is written, and has the index of a kind.
    const kind = EVENT_KINDS[this.#kinds[slot]!]!
    const message = this.#message(slot)
    const event = { v: 1, seq: n + 1, at: this.#times[slot]!, kind, ...(message && { message }) }
    return { ...event, ...this.#details[slot] } as InspectEvent
  }

  #message(slot: number): MessageRef | undefined {
    const session = this.#sessions[slot]
    if (!session) return undefined
    const id = this.#ids[slot]
    const entity = this.#entities[slot]
    const first = entity === undefined ? [] : [{ type: this.#types[slot]!, id: entity }]
    return {
      name: nameOf({ session, clientSeq: this.#clientSeqs[slot]!, id: id ?? '' }),
      authorId: session.authorId,
      id,
      entities: this.#more[slot] ?? first,
      changes: this.#changes[slot]!,
    }
  }
}

/** The name of a message in the feed. */
export function nameOf({
  session,
  clientSeq,
  id,
}: Pick<RingSubject, 'session' | 'clientSeq' | 'id'>): string {
  return session.sessionId === '' ? id : `${session.sessionId}:${clientSeq}`
}

function column<T>(): (T | undefined)[] {
  return Array.from({ length: RING_EVENTS_MAX })
}

function namesOf(writes: RingSubject['writes']): EntityName[] {
  return writes.slice(0, ENTITIES_MAX).map(({ type, entityId }) => ({ type, id: entityId }))
}
