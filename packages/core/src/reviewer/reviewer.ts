/**
 * The reviewer role: one class, whoever plays it. Verifies, orders, commits, and only then
 * answers. It knows links and a store, no sockets and no database.
 *
 *   offer ─▶ verified ─▶ waiting ─▶ batch: admitted ─▶ store.append ─▶ acks, rejections, fan-out
 *                                   one batch at a time, whatever waits joins the next: group commit
 */
import { NO_BYTES, addBytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { positionBytes } from '../wire/signed.ts'
import { LIMITS, type Limits } from '../message/limits.ts'
import { readingBounds } from '../facts/bounds.ts'
import { readFlush } from '../facts/flush.ts'
import { readSession } from '../facts/session-line.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import { type EpochOpen, type NackReason, type Position, WIRE_VERSION } from '../message/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { AuthorFrame, ReviewerFrames } from '../wire/frames.ts'
import type { Entity } from '../schema/entity.ts'
import { appendBatch } from './append.ts'
import type { Attached, Reviewer, ReviewerEvent, ReviewerHealth, ReviewerOptions } from './api.ts'
import { catchUp } from './catch-up.ts'
import { assignersFault } from './assign.ts'
import { bindSessions, rebind } from './bind.ts'
import { type Offer, prepare, verdictsBySession } from './commit.ts'
import { Connection, type ConnectionHost, type Peer } from './connection.ts'
import { type HistoryParts, tellHistory } from './history.ts'
import type { Ledger } from './ledger.ts'
import { type Loaded, loadSpace } from './load.ts'
import { SpaceRows } from './rows.ts'
import type { RuleFailure } from './rules.ts'
import { foldsOf, typesOf } from './schema-rules.ts'
import type { FoldsOf, SpaceState } from './space.ts'
import { nackOffer, tellVerdicts } from './tell.ts'
import { verifySeal } from './verify.ts'

/**
 * Loads a space, or begins it, and is then ready for links.
 * Rejects when the store cannot be read or holds another reviewer's space, and when `assign`
 * names what no entity declares as assigned.
 */
export async function createReviewer(options: ReviewerOptions): Promise<Reviewer> {
  const types = typesOf(options.entities)
  const fault = assignersFault(options.assign ?? {}, types)
  if (fault) throw new Error(fault)
  const limits = { ...LIMITS, ...options.limits }
  const given = { ...options, limits, foldsOf: foldsOf(types, options.onEvent) }
  return new ReviewerRole(given, await loadSpace(given))
}

interface RoleOptions extends ReviewerOptions {
  readonly limits: Limits
  readonly foldsOf: FoldsOf
}

class ReviewerRole implements Reviewer, ConnectionHost {
  readonly #options: RoleOptions
  readonly limits: Limits
  readonly #types: ReadonlyMap<string, Entity> | undefined
  readonly #connections = new Set<Connection>()
  readonly #waiting: Offer[] = []
  #waitingMessages = 0
  #working: Promise<void> | undefined
  #space: SpaceState
  #rows: SpaceRows
  #ledger: Ledger
  #epoch: EpochOpen
  #head: Position
  #healthy = true
  #isUnsure = false // an append failed, and may have been committed all the same
  #closing = false
  #accepted = 0
  #rejected = 0
  #nacked = 0

  constructor(options: RoleOptions, loaded: Loaded) {
    this.limits = options.limits
    this.#options = options
    this.#types = typesOf(options.entities)
    this.#space = loaded.space
    this.#rows = new SpaceRows(loaded.space, this.#types)
    this.#ledger = loaded.ledger
    this.#epoch = loaded.epoch
    this.#head = loaded.head
  }

  get space(): Uuid {
    return this.#options.space
  }

  get publicKey(): string {
    return this.#options.keys.publicKey
  }

  get clock(): Clock {
    return this.#options.clock
  }

  get state(): ReviewerHealth {
    return {
      epoch: this.#head.epoch,
      seq: this.#head.seq,
      connections: this.#connections.size,
      sessions: this.#ledger.sessions,
      rejections: this.#ledger.rejections,
      healthy: this.#healthy,
      pendingCommit: this.#waitingMessages,
      accepted: this.#accepted,
      rejected: this.#rejected,
      nacked: this.#nacked,
    }
  }

  connect(link: ServerLink, peer: Peer): Attached {
    const connection = new Connection(link, peer, this)
    this.#connections.add(connection)
    if (this.#closing) connection.close('the reviewer is stopping')
    return { frame: (text) => connection.frame(text), closed: () => connection.gone() }
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#working
    for (const connection of [...this.#connections]) connection.close('the reviewer is stopping')
    await this.#options.store.close()
  }

  // What a connection asks.

  welcome(): ReviewerFrames['welcome'] {
    const credits = {
      messages: this.limits.inFlightMessagesMax,
      bytes: this.limits.inFlightBytesMax,
    }
    return { v: WIRE_VERSION, lineage: [this.#epoch], position: this.#head, credits }
  }

  gone(connection: Connection): void {
    this.#connections.delete(connection)
    for (const sessionId of connection.sessions) this.#ledger.release(sessionId)
  }

  strike(connection: Connection, why: string): void {
    this.#emit({ type: 'strike', address: connection.peer.address, why })
  }

  refused(connection: Connection, why: string): void {
    this.#emit({ type: 'greeting_refused', address: connection.peer.address, why })
  }

  bind(connection: Connection, { sessions }: AuthorFrame & { kind: 'bind' }): void {
    const { signer } = this.#options
    const bound = bindSessions(connection, sessions, {
      space: this.space,
      signer,
      ledger: () => this.#ledger,
      sessionsPerLinkMax: this.limits.sessionsPerLinkMax,
    })
    connection.binding = connection.binding.then(() => bound)
  }

  offer(connection: Connection, { sig, texts }: AuthorFrame & { kind: 'offer' }): void {
    const end = Math.max(0, texts.indexOf('\n'))
    const session = readSession(texts.slice(0, end))
    if (!session.ok) {
      connection.strike(session.error.message)
      return
    }
    const read = readFlush(session.value, texts.slice(end + 1), readingBounds(this.limits))
    if (!read.ok) {
      connection.strike(read.error.message)
      return
    }
    const flush = read.value
    const offer = { connection, session: session.value, flush, sig }
    const { length } = flush.messages
    if (session.value.facts.space !== this.space) connection.strike('a session of another space')
    else if (length > this.limits.flushMessagesMax)
      connection.strike('an offer of too many messages')
    else if (this.#closing) this.#nackAll(offer, 'unavailable', 'the reviewer is stopping')
    else if (
      this.#waitingMessages + length > this.limits.waitingMessagesMax ||
      connection.pending + length > this.limits.inFlightMessagesMax * 2
    ) {
      this.#nackAll(offer, 'busy', 'too much waits for the store')
    } else this.#verify(offer)
  }

  /** Seals are checked side by side, but a link's offers join the queue in the order they came: parents first. */
  #verify(offer: Offer): void {
    const { connection, session, flush, sig } = offer
    const { sessionId, authorId } = session.facts
    const record = this.#ledger.session(sessionId)
    if (!record) {
      this.#nackAll(offer, 'not_bound', 'the session of these messages is not bound')
      return
    }
    if (record.authorId !== authorId) {
      connection.strike(`messages of session ${sessionId}, which is another author's`)
      return
    }
    const seal = { sig, publicKey: record.publicKey }
    const verified = verifySeal(flush, seal, this.#options.signer)
    this.#count(offer, 1)
    connection.order = connection.order.then(async () => {
      if (!(await verified)) {
        this.#count(offer, -1)
        connection.strike('the seal does not match what was offered')
        return
      }
      this.#waiting.push(offer)
      this.#working ??= this.#work()
    })
  }

  /** An offer has come, or has been answered. */
  #count({ connection, flush }: Offer, sign: 1 | -1): void {
    const { length } = flush.messages
    this.#waitingMessages += sign * length
    connection.pending += sign * length
  }

  /** One batch after the other, until nothing waits. */
  async #work(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        // What has arrived in this very turn joins the batch.
        await new Promise<void>((resolve) => this.clock.soon(resolve))
        await this.#batch(this.#takeOffers())
      }
    } finally {
      this.#working = undefined // in the very turn in which nothing waits: what comes next starts anew
    }
  }

  async #batch(offers: readonly Offer[]): Promise<void> {
    try {
      await this.#commit(offers)
      if (!this.#healthy) this.#emit({ type: 'store_recovered' })
      this.#healthy = true
    } catch (error) {
      await this.#failed(offers, error)
    } finally {
      for (const offer of offers) this.#count(offer, -1)
    }
  }

  #takeOffers(): Offer[] {
    const { batchMessagesMax, batchBytesAim } = this.limits
    let messages = 0
    let bytes = NO_BYTES
    const offers: Offer[] = []
    while (this.#waiting.length > 0 && messages < batchMessagesMax) {
      const { flush } = this.#waiting[0]!
      bytes = addBytes(bytes, flush.bytes)
      if (offers.length > 0 && bytes > batchBytesAim) break
      messages += flush.messages.length
      offers.push(this.#waiting.shift()!)
    }
    return offers
  }

  async #commit(offers: readonly Offer[]): Promise<void> {
    const { store, keys, signer, clock, random } = this.#options
    const startedMs = clock.monotonic()
    if (this.#isUnsure) await this.#reload()
    const before = this.#head
    const prepared = await prepare(offers, {
      spaceId: this.space,
      space: this.#space,
      ledger: this.#ledger,
      limits: this.limits,
      types: this.#types,
      epoch: this.#epoch,
      head: this.#head,
      now: clock.now(),
      keys,
      signer,
      random,
      rows: this.#rows,
      rules: this.#options.rules ?? {},
      assigners: this.#options.assign ?? {},
      onRuleFailure: (failure, message) => this.#emit(ruleFailed(failure, message)),
    })
    const { batch, stored, refused, head } = prepared
    if (stored || refused.length > 0) {
      const sessions = this.#ledger.unstored(prepared.sessions.values())
      const outdated = this.#ledger.outdated(verdictsBySession(prepared))
      const signed = signer.sign(keys, positionBytes(this.space, head))
      const outcome = await store.append(appendBatch(prepared, this.#head, { sessions, outdated }))
      if (outcome === 'fenced') throw new Error('another reviewer has written to this space')
      this.#ledger.forget(outdated)
      this.#ledger.markStored(sessions)
      this.#head = { ...head, sig: await signed }
    }
    this.#space.commit(batch.entries, batch.states)
    if (stored) this.#space.endBatch(head.seq, head.chain)
    for (const entry of batch.entries)
      this.#ledger.accepted(entry.session.sessionId, entry.clientSeq)
    for (const { rejection, message } of refused) {
      this.#ledger.rejected(message.session.facts.sessionId, message.clientSeq, rejection)
      this.#emit({
        type: 'rejected',
        msgId: rejection.msgId,
        reason: rejection.reason,
        detail: rejection.detail ?? '',
      })
    }
    this.#accepted += batch.entries.length
    this.#rejected += refused.length
    this.#emit({
      type: 'committed',
      seq: this.#head.seq,
      messages: batch.entries.length,
      rejected: refused.length,
      durationMs: clock.monotonic() - startedMs,
    })
    tellVerdicts(prepared, {
      before,
      head: this.#head,
      connections: this.#connections,
      limits: this.limits,
      onBehind: (connection, have) => this.follow(connection, have),
      onNack: (reason, messages) => this.#nackedNow(reason, messages),
    })
  }

  /** Nothing of the batch may be said. What the store really has is read again before going on. */
  async #failed(offers: readonly Offer[], error: unknown): Promise<void> {
    if (this.#healthy) this.#storeFailed(error)
    this.#healthy = false
    this.#isUnsure = true
    try {
      await this.#reload()
    } catch {
      // The store is still away: the next batch reads it before it looks at anything, rows included.
    }
    for (const offer of offers) this.#nackAll(offer, 'unavailable', 'the store does not answer')
  }

  async #reload(): Promise<void> {
    const loaded = await loadSpace(this.#options)
    this.#isUnsure = false
    this.#space = loaded.space
    this.#rows = new SpaceRows(this.#space, this.#types)
    this.#epoch = loaded.epoch
    rebind(this.#connections, this.#ledger, loaded.ledger)
    this.#ledger = loaded.ledger
    const moved = loaded.head.seq !== this.#head.seq
    this.#head = loaded.head
    if (!moved) return
    for (const link of [...this.#connections]) link.close('the store answered late; resume')
  }

  #nackAll(offer: Offer, reason: NackReason, detail: string): void {
    this.#nackedNow(reason, offer.flush.messages.length)
    nackOffer(offer, reason, detail)
  }

  #nackedNow(reason: NackReason, messages: number): void {
    this.#nacked += messages
    this.#emit({ type: 'nacked', reason, messages })
  }

  follow(connection: Connection, have: Position | null): void {
    if (connection.mode === 'catching') return
    connection.mode = 'catching'
    const follows = async (): Promise<void> => {
      await connection.binding // a snapshot tells its author of what it contains
      await catchUp(connection, have, {
        space: this.#space,
        store: this.#options.store,
        clock: this.#options.clock,
        head: () => this.#head,
        limits: this.limits,
      })
    }
    follows().catch((error: unknown) => {
      this.#storeFailed(error)
      connection.close('the store does not answer')
    })
  }

  history(connection: Connection, entityId: Uuid): void {
    const parts = (): HistoryParts => ({
      space: this.#space,
      spaceId: this.space,
      store: this.#options.store,
      clock: this.clock,
      asOfSeq: this.#head.seq,
      limits: this.limits,
    })
    tellHistory(connection, entityId, parts).catch((error: unknown) => this.#storeFailed(error))
  }

  #storeFailed(error: unknown): void {
    this.#emit({
      type: 'store_failed',
      error: error instanceof Error ? error.message : String(error),
    })
  }

  #emit(event: ReviewerEvent): void {
    this.#options.onEvent?.(event)
  }
}

function ruleFailed(
  { rule, message: error, cause }: RuleFailure,
  message: AuthoredMessage,
): ReviewerEvent {
  const types = new Set(message.changes.map(({ shape }) => shape.type))
  const stack = cause instanceof Error ? cause.stack : undefined
  return { type: 'rule_failed', rule, error, stack, msgId: message.id, types: [...types] }
}
