/**
 * Own messages without a verdict, in causal order, and the flushes they travel in.
 *
 *   write ─▶ drafts ─▶ flush: sealed ─▶ stored (queued) ─▶ in flight (sent) ─▶ settled
 *                                   └─ no storage (volatile) ─┘   └── nack, link lost ──▶ waiting again
 *
 * A flush is the unit of sealing, storing and offering: 1 to 256 messages with one signature,
 * one record, one frame. A pull never touches what is under way here.
 */
import { assert } from '../base/assert.ts'
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Entry } from '../history/entry.ts'
import type { StepWatcher } from '../history/step-watcher.ts'
import { LIMITS, type Limits } from '../facts/limits.ts'
import type { Credits } from '../wire/frames.ts'
import { type KeptFlush, KeptFlushes } from './kept-flushes.ts'
import type { Flush } from './own-flush.ts'

/** An accepted message, and where in the canonical order a state has it. */
export type AcceptedNumber = readonly [clientSeq: number, eid: Uuid, seq: number]

/** A flush whose last message got its verdict. */
export interface SettledFlush {
  readonly key: string
  readonly sessionId: Uuid
  /** Numbers of its messages that were accepted. */
  readonly accepted: readonly number[]
  /** None of its messages was refused. */
  readonly isAccepted: boolean
  /** Of its text. */
  readonly bytes: Bytes
}

interface Tracked {
  flush: Flush
  /** Its messages that were accepted. */
  accepted: AcceptedNumber[]
  /** Of its text. */
  readonly bytes: Bytes
  unsettled: number
  durable: boolean
  /** When it was offered over the present link, in monotonic ms; undefined while it waits. */
  offeredAt: number | undefined
  /** Not before this moment, in monotonic ms: it was sent back. */
  restsUntil: number
  /** Bytes that were under way with it, its own included. */
  underWayBytes: number
}

/** Minimum bandwidth that timeouts allow for: bytes under way before an offer arrive first. */
const SLOWEST_BYTES_PER_MS = 4

export class Outbox {
  watcher: StepWatcher | undefined
  readonly #flushes = new Map<string, Tracked>()
  readonly #byEntry = new Map<Entry, Tracked>()
  /**
   * Entries without a verdict, in causal order: adopted sessions first, then this one's by number.
   */
  readonly #waiting = new Map<Uuid, Map<number, Entry>>()
  /** Flushes in which some messages have a verdict, and others do not. */
  readonly #partly = new Set<Tracked>()
  /**
   * By when an offer of the present link must have arrived, the first one since an answer to any;
   * undefined: none was made since.
   */
  unheardAt: number | undefined
  #size = 0
  #inFlightMessages = 0
  #inFlightBytes = NO_BYTES
  #bytes = NO_BYTES
  readonly #limits: Limits
  /** Flushes with all their verdicts. */
  readonly kept: KeptFlushes

  constructor(limits: Limits = LIMITS) {
    this.#limits = limits
    this.kept = new KeptFlushes(limits)
  }

  /** Messages without a verdict. */
  get size(): number {
    return this.#size
  }

  /** Bytes of the texts of waiting flushes; drafts are not counted. */
  get bytes(): Bytes {
    return this.#bytes
  }

  /** Offered, and without an answer. */
  get inFlightBytes(): number {
    return this.#inFlightBytes
  }

  /** Whether the session has a message without a verdict. */
  waits(sessionId: Uuid): boolean {
    return this.#waiting.has(sessionId)
  }

  get full(): boolean {
    return (
      this.#size >= this.#limits.outboxMessagesMax || this.#bytes >= this.#limits.outboxBytesMax
    )
  }

  *open(): IterableIterator<Entry> {
    for (const ofSession of this.#waiting.values()) yield* ofSession.values()
  }

  /** The waiting entries of one session, in the order of their numbers. */
  openOf(sessionId: Uuid): Iterable<Entry> {
    return this.#waiting.get(sessionId)?.values() ?? []
  }

  /** The author's time of the oldest message that waits, in ms since 1970. */
  get oldestAt(): number | undefined {
    for (const ofSession of this.#waiting.values())
      for (const { timestamp } of ofSession.values()) return timestamp
    return undefined
  }

  /** The number of the oldest message of that session without a verdict. */
  oldestOf(sessionId: Uuid): number | undefined {
    return this.#waiting.get(sessionId)?.keys().next().value
  }

  /** By session: accepted messages of flushes in which others still wait. */
  partlyAccepted(): ReadonlyMap<Uuid, readonly AcceptedNumber[]> {
    const found = new Map<Uuid, AcceptedNumber[]>()
    for (const { flush, accepted } of this.#partly) {
      if (accepted.length === 0) continue
      found.set(flush.sessionId, [...(found.get(flush.sessionId) ?? []), ...accepted])
    }
    return found
  }

  /** Flushes in which others still wait, each with its accepted messages. */
  partly(): readonly KeptFlush[] {
    return [...this.#partly].map(({ flush, accepted }) => ({
      flush,
      accepted: new Set(accepted.map(([clientSeq]) => clientSeq)),
    }))
  }

  find(sessionId: Uuid, clientSeq: number): Entry | undefined {
    return this.#waiting.get(sessionId)?.get(clientSeq)
  }

  /** Searches all flushes: only for the few entries that are not shown. */
  byId(id: Uuid): Entry | undefined {
    for (const entry of this.open()) if (entry.identified && entry.id === id) return entry
    return undefined
  }

  /** The flush of an entry that waits, once it is sealed. */
  flushOf(entry: Entry): Flush | undefined {
    return this.#byEntry.get(entry)?.flush
  }

  holds(entry: Entry): boolean {
    return this.find(entry.session.sessionId, entry.clientSeq) === entry
  }

  addDraft(entry: Entry): void {
    this.#track(entry)
    this.watcher?.message('written', entry)
  }

  /**
   * A sealed flush: of this session, or one that storage kept from an earlier one, of which some
   * messages may have been `accepted` before.
   */
  addFlush(flush: Flush, open: readonly Entry[], accepted: readonly AcceptedNumber[] = []): void {
    assert(open.length > 0, 'a flush in the outbox waits for a verdict')
    assert(!this.#flushes.has(flush.key), 'a flush is added once')
    const unsettled = open.length
    const tracked: Tracked = {
      flush,
      accepted: [...accepted],
      bytes: utf8Bytes(flush.text),
      unsettled,
      durable: false,
      offeredAt: undefined,
      restsUntil: 0,
      underWayBytes: 0,
    }
    this.#flushes.set(flush.key, tracked)
    if (accepted.length > 0) this.#partly.add(tracked)
    this.#bytes = addBytes(this.#bytes, tracked.bytes)
    for (const entry of open) {
      this.#track(entry)
      this.#byEntry.set(entry, tracked)
    }
  }

  /**
   * Makes messages of a flush wait again, while others of it may still wait: the flush is placed
   * before later ones.
   */
  addAgain(flush: Flush, open: readonly Entry[]): void {
    const known = this.#flushes.get(flush.key)
    if (known) this.#reopen(known, open)
    else this.addFlush(flush, open)
    const { sessionId } = flush
    const waiting = [...(this.#waiting.get(sessionId) ?? [])].sort(([a], [b]) => a - b)
    this.#waiting.set(sessionId, new Map(waiting))
    const isOf = (tracked: Tracked): boolean => tracked.flush.sessionId === sessionId
    const all = [...this.#flushes.values()]
    const sorted = all
      .filter(isOf)
      .sort((a, b) => firstOf(a) - firstOf(b))
      [Symbol.iterator]()
    this.#flushes.clear()
    for (const tracked of all) {
      const next = isOf(tracked) ? sorted.next().value : tracked
      assert(next, 'as many flushes of a session are sorted as there are')
      this.#flushes.set(next.flush.key, next)
    }
  }

  #reopen(tracked: Tracked, open: readonly Entry[]): void {
    // Messages under way are counted by their entries.
    this.#land(tracked)
    const again = new Set(open.map(({ clientSeq }) => clientSeq))
    const others = tracked.flush.entries.filter(({ clientSeq }) => !again.has(clientSeq))
    const entries = [...others, ...open].sort((a, b) => a.clientSeq - b.clientSeq)
    tracked.flush = { ...tracked.flush, entries }
    tracked.accepted = tracked.accepted.filter(([clientSeq]) => !again.has(clientSeq))
    tracked.unsettled += open.length
    for (const entry of open) {
      this.#track(entry)
      this.#byEntry.set(entry, tracked)
    }
  }

  /** Sealed flushes that are stored and wait, oldest first; of a peer, which has no verdict on them. */
  *stored(): IterableIterator<Flush> {
    for (const { flush, durable } of this.#flushes.values()) {
      if (!durable) return // nothing overtakes
      yield flush
    }
  }

  /** May be offered from now on. */
  release(flush: Flush, state: 'queued' | 'volatile'): void {
    const tracked = this.#flushes.get(flush.key)
    if (!tracked) return
    tracked.durable = true
    for (const entry of flush.entries) {
      if (entry.state === 'draft' || entry.state === 'sent') entry.state = state
      if (entry.state === state) this.watcher?.message(state, entry)
    }
  }

  /**
   * The flushes to offer now, oldest first, within the receiver's credits; counts them as under
   * way. Flushes that may not be sent, such as those of sessions that the link has not bound, are
   * skipped.
   */
  takeOffers(
    credits: Credits,
    now: number,
    mayGo: (flush: Flush) => boolean = () => true,
  ): readonly Flush[] {
    const offers: Flush[] = []
    for (const tracked of this.#flushes.values()) {
      if (tracked.offeredAt !== undefined) continue
      if (!tracked.durable) break // nothing overtakes
      if (tracked.restsUntil > now || !mayGo(tracked.flush)) continue
      const { entries } = tracked.flush
      const messages = this.#inFlightMessages + entries.length
      const bytes = addBytes(this.#inFlightBytes, tracked.bytes)
      // One flush is always sent, regardless of its size; order is kept, so no flush overtakes
      // another.
      if (this.#inFlightMessages > 0 && (messages > credits.messages || bytes > credits.bytes))
        break
      tracked.offeredAt = now
      tracked.underWayBytes = bytes
      this.unheardAt ??= arrivalOf(now, bytes)
      this.#inFlightMessages = messages
      this.#inFlightBytes = bytes
      for (const entry of entries) {
        if (entry.state === 'queued' || entry.state === 'volatile') entry.state = 'sent'
        if (entry.state === 'sent') this.watcher?.message('sent', entry)
      }
      offers.push(tracked.flush)
    }
    return offers
  }

  /** Called when the link is lost: offers under way wait again. */
  requeueAll(): void {
    this.unheardAt = undefined
    for (const tracked of this.#flushes.values()) {
      tracked.restsUntil = 0
      this.#land(tracked)
    }
  }

  /** Offers that must have arrived before that moment and have no answer wait again. */
  requeueUnanswered(before: number): void {
    for (const tracked of this.#flushes.values()) {
      const { offeredAt, underWayBytes } = tracked
      if (offeredAt === undefined) continue
      const arrivedAt = arrivalOf(offeredAt, underWayBytes)
      if (arrivedAt < before) this.#land(tracked)
    }
  }

  /** A nack: the flush of that message waits again, and others may go before it until then. */
  requeue(entry: Entry, restsUntil = 0): void {
    this.unheardAt = undefined
    const tracked = this.#byEntry.get(entry)
    if (!tracked) return
    tracked.restsUntil = restsUntil
    this.#land(tracked)
  }

  /**
   * A message has a final verdict, or is blocked for good by one.
   * Returns its flush when that was the last one of it.
   */
  settle(entry: Entry): SettledFlush | undefined {
    this.unheardAt = undefined
    this.watcher?.message('settled', entry)
    const ofSession = this.#waiting.get(entry.session.sessionId)
    if (ofSession?.delete(entry.clientSeq)) this.#size--
    if (ofSession?.size === 0) this.#waiting.delete(entry.session.sessionId)
    const tracked = this.#byEntry.get(entry)
    if (!tracked) return undefined
    this.#byEntry.delete(entry)
    const { review } = entry
    if (entry.rejection) {
      const { refused = [] } = tracked.flush
      tracked.flush = { ...tracked.flush, refused: [...refused, entry.id] }
    }
    assert(tracked.unsettled > 0, 'a flush that waits has messages without a verdict')
    if (review) tracked.accepted.push([entry.clientSeq, review.eid, review.seq])
    if (--tracked.unsettled > 0) {
      this.#partly.add(tracked)
      return undefined
    }
    this.#partly.delete(tracked)
    this.#land(tracked)
    const { flush, bytes } = tracked
    const accepted = tracked.accepted.map(([clientSeq]) => clientSeq)
    if (accepted.length > 0) this.kept.add(flush, accepted)
    this.#flushes.delete(flush.key)
    this.#bytes = bytesOf(this.#bytes - bytes)
    assert(this.#bytes >= 0, 'what leaves the outbox was counted')
    const { key, sessionId, entries, refused = [] } = flush
    // Messages that were blocked before it was sealed are among its entries, and have no verdict.
    const isAccepted = refused.length === 0 && accepted.length >= entries.length
    return { key, sessionId, accepted, isAccepted, bytes }
  }

  #track(entry: Entry): void {
    const { sessionId } = entry.session
    let ofSession = this.#waiting.get(sessionId)
    if (!ofSession) this.#waiting.set(sessionId, (ofSession = new Map()))
    else if (ofSession.has(entry.clientSeq)) return
    ofSession.set(entry.clientSeq, entry)
    this.#size++
  }

  #land(tracked: Tracked): void {
    if (tracked.offeredAt === undefined) return
    tracked.offeredAt = undefined
    this.#inFlightMessages -= tracked.flush.entries.length
    this.#inFlightBytes = bytesOf(this.#inFlightBytes - tracked.bytes)
    const isCounted = this.#inFlightMessages >= 0 && this.#inFlightBytes >= 0
    assert(isCounted, 'what lands was counted as under way')
    for (const entry of tracked.flush.entries) {
      if (entry.state !== 'sent') continue
      entry.state = 'queued'
      this.watcher?.message('waiting', entry)
    }
  }
}

/** When an offer must have arrived, in monotonic ms, with so many bytes under way. */
function arrivalOf(offeredAt: number, underWayBytes: number): number {
  return offeredAt + underWayBytes / SLOWEST_BYTES_PER_MS
}

/** The number of its first message. */
function firstOf({ flush }: Tracked): number {
  return flush.entries[0]?.clientSeq ?? 0
}
