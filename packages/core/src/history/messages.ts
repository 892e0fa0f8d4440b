/**
 * Shown messages without a verdict, by id and by number, and the numbers of accepted ones, by
 * session. Their effects are kept in states only.
 */
import { assert } from '../base/assert.ts'
import { IntervalSet } from '../base/intervals.ts'
import type { Uuid } from '../base/uuid.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import type { Entry } from './entry.ts'

/** Maximum sessions with known accepted numbers; beyond it the first ones are deleted. */
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

  /** Whether messages of other sessions than this one are shown. */
  hasOthers(sessionId: Uuid): boolean {
    return this.#byNumber.size > (this.#byNumber.has(sessionId) ? 1 : 0)
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
    assert(!known || known === entry, 'a number of a session names one message')
    numbers.set(entry.clientSeq, entry)
  }

  /** Removes an entry that is no longer pending. */
  delete(entry: Entry): void {
    if (entry.identified) this.#byId.delete(entry.id)
    const numbers = this.#byNumber.get(entry.session.sessionId)
    numbers?.delete(entry.clientSeq)
    if (numbers?.size === 0) this.#byNumber.delete(entry.session.sessionId)
  }

  /** Records that a message was accepted: this device may still find it in its storage. */
  noteAccepted(sessionId: Uuid, clientSeq: number): void {
    let numbers = this.#accepted.get(sessionId)
    if (!numbers) {
      this.#accepted.set(sessionId, (numbers = new IntervalSet()))
      if (this.#accepted.size > SESSIONS_MAX) this.#accepted.delete(first(this.#accepted.keys()))
    }
    numbers.add(clientSeq)
  }

  /** Whether the message is known to be accepted. */
  isAccepted(sessionId: Uuid, clientSeq: number): boolean {
    return this.#accepted.get(sessionId)?.has(clientSeq) ?? false
  }

  /** Whether a message is known to be accepted, by its number or by its id. */
  hasAccepted({ id, session, clientSeq }: AuthoredMessage): boolean {
    return this.isAccepted(session.facts.sessionId, clientSeq) || this.isCanonical(id)
  }

  /**
   * Watches ids of messages, which may be all that the storage has of them, for becoming canonical.
   */
  watchFor(ids: Iterable<Uuid>): void {
    for (const id of ids) if (!this.#watched.has(id)) this.#watched.set(id, false)
  }

  /** Records that a message of any author has become canonical. */
  noteCanonical(id: Uuid): void {
    if (this.#watched.has(id)) this.#watched.set(id, true)
  }

  /** Whether a watched message has become canonical. */
  isCanonical(id: Uuid): boolean {
    return this.#watched.get(id) ?? false
  }

  /** Called when the canonical state is discarded: nothing counts as accepted any more. */
  forgetAccepted(): void {
    this.#accepted.clear()
    for (const id of this.#watched.keys()) this.#watched.set(id, false)
  }
}

function first<T>(items: IterableIterator<T>): T {
  return items.next().value as T
}
