/**
 * Parses offers, verifies their seals, and queues them for the next decision, in the order of their
 * links.
 */
import { NO_BYTES, addBytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { readingBounds } from '../facts/bounds.ts'
import { readFlush } from '../facts/flush.ts'
import { readSession } from '../facts/session-line.ts'
import type { Limits } from '../facts/limits.ts'
import type { Rejection } from '../facts/message.ts'
import type { Signer } from '../ports/signer.ts'
import type { AuthorFrame } from '../wire/frames.ts'
import type { Connection } from './connection.ts'
import type { Offer } from '../review/decision.ts'
import type { Events } from './events.ts'
import type { Ledger } from '../review/ledger.ts'
import { claimedBy } from '../review/persons.ts'
import type { Quotas } from './quotas.ts'
import { verifyRejections, verifySeal } from './verify.ts'

/** An offer whose session is not looked up yet. */
interface Unbound extends Pick<Offer<Connection>, 'session' | 'flush'> {
  readonly connection: Connection
  readonly sig: string
  readonly rejections: readonly Rejection[] | null
}

/** An offer that waits for its decision. */
type Waiting = Offer<Connection> & Unbound

export interface IntakeParts {
  readonly space: Uuid
  /** Public key of the home reviewer: of this one, unless it is a peer. */
  readonly homeKey: string
  readonly signer: Signer
  readonly limits: Limits
  readonly events: Events
  readonly quotas: Quotas
  /** The ledger of the open space. */
  readonly ledger: () => Ledger
  /** Called when an offer is queued. */
  readonly onWaiting: () => void
}

export class Intake {
  readonly #parts: IntakeParts
  readonly #waiting: Waiting[] = []
  #messages = 0
  #isClosed = false

  constructor(parts: IntakeParts) {
    this.#parts = parts
  }

  /** Messages that were offered and not answered yet. */
  get messages(): number {
    return this.#messages
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Answers every later offer with `unavailable`. */
  close(): void {
    this.#isClosed = true
  }

  offer(connection: Connection, { sig, rejections, texts }: AuthorFrame & { kind: 'offer' }): void {
    const { space, limits, events } = this.#parts
    const end = Math.max(0, texts.indexOf('\n'))
    const session = readSession(texts.slice(0, end))
    if (!session.ok) {
      connection.strike(session.error.message)
      return
    }
    const read = readFlush(session.value, texts.slice(end + 1), readingBounds(limits))
    if (!read.ok) {
      connection.strike(read.error.message)
      return
    }
    const flush = read.value
    const offer = { connection, session: session.value, flush, sig, rejections }
    const { length } = flush.messages
    if (session.value.facts.space !== space) connection.strike('a session of another space')
    else if (length > limits.flushMessagesMax) connection.strike('an offer of too many messages')
    else if (this.#isClosed) events.nackAll(offer, 'unavailable', 'the reviewer is stopping')
    else if (
      isFull(this.#messages, length, limits.waitingMessagesMax) ||
      isFull(connection.pending, length, limits.inFlightMessagesMax * 2)
    ) {
      events.nackAll(offer, 'busy', 'too much waits for the store')
    } else this.#verify(offer)
  }

  /** Verifies seals concurrently, but queues the offers of a link in their order: parents come first. */
  #verify(offer: Unbound): void {
    const { connection } = offer
    const verified = connection.binding.then(() => this.#verified(offer))
    this.#count(offer, 1)
    connection.order = connection.order.then(async () => {
      const sound = await verified
      if (!sound) {
        this.#count(offer, -1)
        return
      }
      this.#waiting.push(sound)
      this.#parts.onWaiting()
    })
  }

  /** Counted before the seal is checked: checks cost more than anything else of an offer. */
  #overQuota({ connection, session, flush }: Unbound): string | undefined {
    const holder = connection.holderOf(session.facts.sessionId)
    const size = { messages: flush.messages.length, bytes: flush.bytes }
    return holder && this.#parts.quotas.offered(holder.key, size, holder.authorId)
  }

  /** The offer with the record of its session; undefined if it was refused, and answered. */
  async #verified(offer: Unbound): Promise<Waiting | undefined> {
    const { connection, session, flush, sig } = offer
    const { events, ledger, signer, homeKey } = this.#parts
    const { sessionId, authorId } = session.facts
    const record = ledger().session(sessionId)
    if (!record) {
      events.nackAll(offer, 'not_bound', 'the session of these messages is not bound')
      return undefined
    }
    // No rejection: it would use up a number of the session of its real author.
    if (record.authorId !== authorId) {
      connection.strike(`messages of session ${sessionId}, which is another author's`)
      return undefined
    }
    const over = this.#overQuota(offer)
    if (over !== undefined) {
      events.nackAll(offer, 'rate_limited', over)
      return undefined
    }
    if (!(await verifySeal(flush, { sig, publicKey: record.publicKey }, signer))) {
      connection.strike('the seal does not match what was offered')
      return undefined
    }
    const before = await verifyRejections(offer, homeKey, signer)
    if (!before) {
      connection.strike('a rejection that this reviewer has not signed')
      return undefined
    }
    if (connection.isExpired) {
      events.nackAll(offer, 'unauthorised', 'the login has expired')
      return undefined
    }
    // It is judged as a message of the person of this link, which must be the person of the
    // session.
    const { may } = connection
    if (connection.sessions.has(sessionId))
      return { ...offer, record, may, before, person: connection.person ?? claimedBy(record) }
    events.nackAll(offer, 'not_bound', 'this link does not speak for the session')
    return undefined
  }

  /** Removes the offers of the next batch from the queue. The caller calls `answered` for each of them. */
  take(): readonly Waiting[] {
    const { batchMessagesMax, batchBytesAim } = this.#parts.limits
    let messages = 0
    let bytes = NO_BYTES
    const offers: Waiting[] = []
    while (this.#waiting.length > 0) {
      const { flush } = this.#waiting[0]!
      bytes = addBytes(bytes, flush.bytes)
      const isFull = messages + flush.messages.length > batchMessagesMax || bytes > batchBytesAim
      if (offers.length > 0 && isFull) break
      messages += flush.messages.length
      offers.push(this.#waiting.shift()!)
    }
    return offers
  }

  /** Called when all messages of these offers are answered. */
  answered(offers: readonly Waiting[]): void {
    for (const offer of offers) this.#count(offer, -1)
  }

  /** Counts the messages of an offer: 1 when it arrives, -1 when it is answered. */
  #count({ connection, flush }: Unbound, sign: 1 | -1): void {
    const { length } = flush.messages
    this.#messages += sign * length
    connection.pending += sign * length
  }
}

/** Whether more would be too much. One flush is always taken (OFF2), or a large one would wait for ever. */
function isFull(waiting: number, more: number, max: number): boolean {
  return waiting > 0 && waiting + more > max
}
