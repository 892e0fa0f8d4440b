/**
 * Messages without a verdict that are shown, by id and by number, and the numbers of those that
 * were accepted, by session. States are all that is kept of what they did.
 */
import { assert } from '../base/assert.ts'
import { IntervalSet } from '../base/intervals.ts'
import type { Uuid } from '../base/uuid.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { Entry } from './entry.ts'

/** Sessions whose accepted numbers are known; of more, the first that were met are forgotten. */
const SESSIONS_MAX = 4_096

/** Finds a shown message by its id, or by session and clientSeq. */
export class MessageIndex {
  readonly #byId = new Map<Uuid, Entry>()
  readonly #byNumber = new Map<Uuid, Map<number, Entry>>()
  readonly #accepted = new Map<Uuid, IntervalSet>()
  /** Watched ids of messages; the value is true once the message is canonical. */
  readonly #watched = new Map<Uuid, boolean>()

  get size(): number {
    return this.#byId.size
  }

  entries(): IterableIterator<Entry> {
    return this.#byId.values()
  }

  get(id: Uuid): Entry | undefined {
    return this.#byId.get(id)
  }

  find(sessionId: Uuid, clientSeq: number): Entry | undefined {
    return this.#byNumber.get(sessionId)?.get(clientSeq)
  }

  add(entry: Entry): void {
    this.#byId.set(entry.id, entry)
    const { sessionId } = entry.session
    let numbers = this.#byNumber.get(sessionId)
    if (!numbers) this.#byNumber.set(sessionId, (numbers = new Map()))
    const known = numbers.get(entry.clientSeq)
    assert(!known || known === entry, 'a number of a session is one message')
    numbers.set(entry.clientSeq, entry)
  }

  /** It is pending no more. */
  delete(entry: Entry): void {
    if (entry.identified) this.#byId.delete(entry.id)
    const numbers = this.#byNumber.get(entry.session.sessionId)
    numbers?.delete(entry.clientSeq)
    if (numbers?.size === 0) this.#byNumber.delete(entry.session.sessionId)
  }

  /** That message has been accepted: it may be one that this device will find in its storage. */
  noteAccepted(sessionId: Uuid, clientSeq: number): void {
    let numbers = this.#accepted.get(sessionId)
    if (!numbers) {
      this.#accepted.set(sessionId, (numbers = new IntervalSet()))
      if (this.#accepted.size > SESSIONS_MAX) this.#accepted.delete(first(this.#accepted.keys()))
    }
    numbers.add(clientSeq)
  }

  /** Whether it is known to have been accepted. */
  isAccepted(sessionId: Uuid, clientSeq: number): boolean {
    return this.#accepted.get(sessionId)?.has(clientSeq) ?? false
  }

  /** Whether a message is known to have been accepted, by its number or by its id. */
  hasAccepted({ id, session, clientSeq }: AuthoredMessage): boolean {
    return this.isAccepted(session.facts.sessionId, clientSeq) || this.isCanonical(id)
  }

  /** Starts to watch ids of messages, of which the storage may have nothing else, for becoming canonical. */
  watchFor(ids: Iterable<Uuid>): void {
    for (const id of ids) if (!this.#watched.has(id)) this.#watched.set(id, false)
  }

  /** A message has become canonical, of whomever. */
  noteCanonical(id: Uuid): void {
    if (this.#watched.has(id)) this.#watched.set(id, true)
  }

  /** Whether a message that is watched for has become canonical. */
  isCanonical(id: Uuid): boolean {
    return this.#watched.get(id) ?? false
  }

  /** Another reviewer has accepted nothing yet. */
  forgetAccepted(): void {
    this.#accepted.clear()
    for (const id of this.#watched.keys()) this.#watched.set(id, false)
  }
}

function first<T>(items: IterableIterator<T>): T {
  return items.next().value as T
}
