/**
 * One replica's conversation with its reviewer: greet, bind, catch up, offer, listen, and
 * begin again when the link breaks. A state machine over frames and timers; the transport,
 * the storage and the screen are its host's.
 *
 *   offline ─▶ connecting ─hello▶ greeting ─bind▶ syncing ─through▶ online
 *      ▲            └──────────── link lost, refused, silent ─────────┘
 *      └── setOnline(false)            (waits: capped exponential backoff, full jitter)
 *
 * Pull and push are independent: neither ever cancels the other (RELIABILITY, LiveStore 1538).
 */
import type { Uuid } from '../base/uuid.ts'
import { type Position, WIRE_VERSION } from '../message/message.ts'
import type { Link } from '../ports/transport.ts'
import {
  type Credits,
  type ReviewerFrame,
  bindFrame,
  byeFrame,
  helloFrame,
  offerFrame,
  parseReviewerFrame,
  wantFrame,
} from '../protocol/frames.ts'
import { type PartedEvents, connectInParts } from '../protocol/parts.ts'
import { Histories, type HistoryAnswer, unavailable } from './history.ts'
import type { ConnectionRefusal, SessionParts, SessionState } from './session-host.ts'
import { type SnapshotPart, SnapshotParts, settledAmong } from './snapshot-parts.ts'
import type { Reviewing, TailOutcome } from './tail.ts'
import { Timers, backoffMs } from './timers.ts'

/** A reviewer that does not fit this store is tried again after this long. */
const REFUSED_RETRY_MS = 30_000
/** Without a word for this long, the position is asked for; for three times this long, the link is dead. */
const SILENCE_MS = 15_000
/** An offer without an answer for this long is made again. */
const ANSWER_MS = 20_000

export class SyncSession {
  readonly #parts: SessionParts
  #state: SessionState = 'offline'
  #note: string | undefined
  /** Until a reviewer is followed again. */
  #refusal: ConnectionRefusal | undefined
  #link: Link | undefined
  /** Grows with each link; what comes from an older one is ignored. */
  #generation = 0
  #attempts = 0
  #reviewing: Reviewing | undefined
  #bound = false
  #boundSessions: ReadonlySet<Uuid> = new Set()
  #credits: Credits = { messages: 0, bytes: 0 }
  #wanting = false
  readonly #snapshot: SnapshotParts
  readonly #histories: Histories
  #waitingTexts: string[] = []
  #heardAt = 0
  #pausedUntil = 0
  #nacks = 0
  readonly #timers: Timers

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#snapshot = new SnapshotParts(parts.limits.snapshotPartsMax)
    this.#histories = new Histories(parts.space, parts.limits)
    this.#timers = new Timers(parts.clock)
  }

  get state(): SessionState {
    return this.#state
  }

  get reviewing(): Reviewing | undefined {
    return this.#reviewing
  }

  /** Connects now, and again whenever the link is lost. */
  start(): void {
    if (this.#state !== 'offline') return
    this.#attempts = 0
    this.#refusal = undefined
    this.#connect()
  }

  /** Stays away until `start`. */
  stop(state: 'offline' | 'closed' = 'offline'): void {
    if (this.#state === 'closed') return
    this.#link?.send(byeFrame(state))
    this.#drop()
    this.#become(state, undefined)
  }

  /** The network seems to be back: no need to wait out the backoff. */
  wake(): void {
    if (this.#state !== 'connecting' || this.#link) return
    this.#timers.clear()
    this.#attempts = 0
    this.#connect()
  }

  /** Offers what may go now. Called whenever something became ready. */
  pump(): void {
    const { outbox, clock } = this.#parts
    if (!this.#bound || clock.monotonic() < this.#pausedUntil) return
    this.#bindNew()
    for (const flush of outbox.takeOffers(this.#credits, clock.monotonic())) {
      this.#link?.send(offerFrame(flush.packed, flush.sig, flush.publicKey))
    }
  }

  /**
   * The accepted messages of an entity, from the reviewer. Rejects with a CountersignError
   * `unavailable` when there is no link, when it is lost, or when too many wait for theirs.
   */
  history(entityId: Uuid): Promise<HistoryAnswer> {
    if (this.#state !== 'online' && this.#state !== 'syncing')
      return Promise.reject(unavailable('there is no link to the reviewer', entityId))
    return this.#histories.ask(entityId, this.#parts.clock.monotonic(), (frame) =>
      this.#link?.send(frame),
    )
  }

  #connect(): void {
    const generation = ++this.#generation
    const { transport, limits, clock } = this.#parts
    const { handshakeMs } = limits
    this.#become('connecting', this.#note)
    const live = (): boolean => generation === this.#generation
    this.#timers.after(handshakeMs * 2, () => this.#fail('the reviewer does not answer'))
    const events: PartedEvents = {
      carried: () => void (live() && (this.#heardAt = clock.monotonic())),
      open: () => {
        if (!live()) return
        this.#timers.clear()
        this.#become('greeting', this.#refusal && this.#note)
        this.#timers.after(handshakeMs, () => this.#fail('the reviewer does not greet'))
        this.#link?.send(helloFrame(this.#parts.space, this.#parts.tail.position))
      },
      frame: (text) => {
        if (live()) this.#frame(text)
      },
      closed: (reason) => {
        if (live()) this.#fail(reason)
      },
    }
    this.#link = connectInParts(transport, events, limits)
  }

  /** Ends this link and tries again later. */
  #fail(note: string): void {
    this.#drop()
    this.#become('connecting', note)
    this.#timers.after(backoffMs(this.#attempts++, this.#parts.random), () => this.#connect())
  }

  /** Ends this link; only a change of the reviewer or of this store makes another one last. */
  #refuse(refusal: ConnectionRefusal, note: string): void {
    this.#drop()
    this.#refusal = refusal
    this.#become('connecting', note)
    this.#timers.after(REFUSED_RETRY_MS, () => this.#connect())
  }

  #drop(): void {
    this.#generation++
    this.#timers.clear()
    this.#link?.close()
    this.#link = undefined
    this.#bound = false
    this.#boundSessions = new Set()
    this.#wanting = false
    this.#snapshot.clear()
    this.#waitingTexts = []
    this.#parts.tail.stopWaiting()
    this.#parts.outbox.requeueAll()
    this.#histories.lost()
  }

  #frame(text: string): void {
    const frame = parseReviewerFrame(text, this.#parts.limits)
    if (!frame.ok) this.#fail(`the reviewer sent ${frame.error.message}`)
    else if (frame.value.kind === 'welcome') this.#welcome(frame.value)
    else if (this.#reviewing && this.#state !== 'greeting') this.#understood(frame.value, text)
    else if (frame.value.kind === 'bye') this.#ended(frame.value)
  }

  #understood(frame: ReviewerFrame, text: string): void {
    const by = this.#reviewing!
    const { tail, host, outbox } = this.#parts
    switch (frame.kind) {
      case 'tail':
        if (this.#snapshot.any) this.#wantAnew() // its end was lost on the way
        else this.#outcome(tail.tail(frame.runs, frame.position, by), text)
        break
      case 'entities':
        this.#outcome(tail.mend(frame.ids, frame.page, { position: frame.position, by }), text)
        break
      case 'page': {
        const pageText = text.slice('["page",'.length, text.lastIndexOf(','))
        this.#part(frame.seq, text, { kind: 'page', page: frame.page, text: pageText })
        break
      }
      case 'settled':
        this.#part(frame.seq, text, frame)
        break
      case 'through':
        this.#through(frame)
        break
      case 'bound':
        // Bound for nothing, it is told nothing: what was asked for is asked for again.
        if (frame.sessionIds.length === 0) {
          this.#wanting = false
          break
        }
        this.#bound = true
        this.#boundSessions = new Set(frame.sessionIds)
        if (this.#state === 'syncing') this.#want()
        this.pump()
        break
      case 'accepted':
        for (const review of frame.reviews) {
          const entry = outbox.find(frame.sessionId, review[0])
          if (!entry) continue
          if (review[1] <= (tail.position?.seq ?? -1)) host.acceptedAgain(entry, review)
          else this.#want()
        }
        break
      case 'rejected':
        host.rejected(frame.rejections)
        this.pump()
        break
      case 'nack':
        this.#nack(frame)
        break
      case 'history': {
        const fault = this.#histories.heard(frame, this.#heardAt)
        if (fault !== undefined) this.#fail(`the reviewer sent ${fault}`)
        break
      }
      case 'bye':
        this.#ended(frame)
        break
      default:
    }
  }

  #ended({ reason, code }: ReviewerFrame & { kind: 'bye' }): void {
    if (code) this.#refuse(code, reason)
    else this.#fail(reason)
  }

  #welcome(frame: ReviewerFrame & { kind: 'welcome' }): void {
    const generation = this.#generation
    if (frame.v !== WIRE_VERSION) {
      this.#refuse(
        'wrong_version',
        `the reviewer speaks version ${frame.v} of the protocol, this app ${WIRE_VERSION}`,
      )
      return
    }
    void this.#parts.host.judge(frame.lineage).then((fault) => {
      if (generation !== this.#generation) return
      if (fault) this.#refuse(fault.refusal, fault.note)
      else this.#greeted(frame)
    })
  }

  #greeted(frame: ReviewerFrame & { kind: 'welcome' }): void {
    const { tail, clock } = this.#parts
    const epoch = frame.lineage.at(-1)!
    this.#reviewing = { reviewerId: epoch.reviewerId, eid: epoch.eid, epoch: epoch.epoch }
    this.#credits = frame.credits
    this.#nacks = 0
    this.#pausedUntil = 0
    const here = tail.position
    const lacks = here && (here.eid !== frame.position.eid || here.seq > frame.position.seq)
    if (lacks && here.seq > 0) {
      this.#refuse(
        'began_anew',
        'the reviewer lacks reviews that this store has from it; nothing is taken from it',
      )
      return
    }
    this.#refusal = undefined
    this.#timers.clear()
    this.#become('syncing', undefined)
    this.#bindAll()
    this.#want()
    this.#heardAt = clock.monotonic()
    this.#watch()
  }

  #bindAll(): void {
    const openings = this.#parts.host.openings().slice(-this.#parts.limits.sessionsPerBindMax)
    this.#link?.send(bindFrame(openings))
  }

  /** A session that was adopted after the greeting is bound before its messages go. */
  #bindNew(): void {
    const all = this.#parts.host.openings().map(({ sessionId }) => sessionId)
    if (all.every((sessionId) => this.#boundSessions.has(sessionId))) return
    this.#boundSessions = new Set(all)
    this.#bindAll()
  }

  #want(): void {
    if (this.#wanting) return
    this.#wanting = true
    this.#link?.send(wantFrame('all', this.#parts.tail.position))
  }

  #wantAnew(): void {
    this.#snapshot.clear()
    this.#wanting = false
    this.#want()
  }

  #part(seq: number, text: string, part: SnapshotPart): void {
    if (!this.#snapshot.add(text, seq, part)) this.#fail('the reviewer sent too many pages')
  }

  #outcome(outcome: TailOutcome, text: string): void {
    switch (outcome.kind) {
      case 'applied':
        this.#parts.host.taken(outcome, [...this.#waitingTexts, text])
        this.#waitingTexts = []
        this.pump()
        break
      case 'mend':
        this.#waitingTexts.push(text)
        this.#link?.send(
          wantFrame(outcome.ids.slice(0, this.#parts.limits.wantIdsMax), this.#parts.tail.position),
        )
        break
      case 'gap':
        this.#parts.tail.stopWaiting()
        this.#waitingTexts = []
        this.#want()
        break
      case 'malformed':
        this.#fail(`the reviewer sent ${outcome.message}`)
        break
      default:
    }
  }

  #through({ position, parts }: ReviewerFrame & { kind: 'through' }): void {
    const { tail, outbox } = this.#parts
    this.#wanting = false
    const snapshot = this.#snapshot.take(position.seq, parts)
    // What it contains of our own, only those who are bound are told. It is asked for again then.
    if (snapshot && !this.#bound && outbox.size > 0) return
    const here = tail.position
    const isFirst = position.seq === 0 && (!here || here.eid !== position.eid)
    // One that was overtaken on the way, by the tail or by a later one, has nothing to say any more.
    const isLate = here !== null && here.eid === position.eid && here.seq > position.seq
    if (snapshot && !isLate && (parts > 0 || isFirst)) {
      if (!this.#replace(snapshot, position)) return
    } else if (!here || here.eid !== position.eid || (here.seq < position.seq && !tail.mending)) {
      this.#want() // something of it was lost on the way
      return
    }
    this.#attempts = 0
    if (this.#state === 'syncing') this.#become('online', undefined)
    this.pump()
  }

  /** Takes a snapshot in. False when it is not one. */
  #replace(parts: readonly SnapshotPart[], position: Position): boolean {
    const { tail, host, outbox } = this.#parts
    const pages = parts.filter((part) => part.kind === 'page')
    const settled = settledAmong(parts, this.#reviewing!, (sessionId, clientSeq) =>
      outbox.find(sessionId, clientSeq),
    )
    const json = pages.map(({ page }) => page)
    const outcome = tail.snapshot(json, { position, settled })
    if (outcome.kind === 'malformed') this.#fail(`the reviewer sent ${outcome.message}`)
    if (outcome.kind !== 'applied') return false
    const texts = pages.map(({ text }) => text)
    host.replaced(outcome, texts)
    return true
  }

  #nack(frame: ReviewerFrame & { kind: 'nack' }): void {
    const { outbox, clock, random } = this.#parts
    const delayMs = backoffMs(this.#nacks++, random)
    // What concerns these messages alone must not hold up the others.
    const alone = frame.alone && frame.reason !== 'not_bound'
    const until = clock.monotonic() + delayMs
    const waiting = frame.clientSeqs
      .map((clientSeq) => outbox.find(frame.sessionId, clientSeq))
      .filter((entry) => entry !== undefined)
    for (const entry of waiting) outbox.requeue(entry, alone ? until : undefined)
    this.#parts.host.nacked(waiting, frame.reason, frame)
    if (frame.reason === 'not_bound') this.#boundSessions = new Set()
    if (!alone) this.#pausedUntil = until
    this.#become(this.#state, frame.detail || `the reviewer asks to wait: ${frame.reason}`)
    this.#timers.after(delayMs + 1, () => this.pump())
  }

  /** Notices silence, and offers that nobody answered. */
  #watch(): void {
    const { clock, outbox } = this.#parts
    this.#timers.after(SILENCE_MS / 3, () => {
      const now = clock.monotonic()
      if (now - this.#heardAt > SILENCE_MS * 3) {
        this.#fail('the reviewer fell silent')
        return
      }
      if (!this.#bound) this.#bindAll()
      if (now - this.#heardAt > SILENCE_MS || outbox.size > 0) {
        this.#wanting = false
        this.#want()
      }
      outbox.requeueUnanswered(now - ANSWER_MS)
      this.#histories.tick(now, (frame) => this.#link?.send(frame))
      this.pump()
      this.#watch()
    })
  }

  #become(state: SessionState, note: string | undefined): void {
    if (state === this.#state && note === this.#note) return
    this.#state = state
    this.#note = note
    this.#parts.host.changed(state, note, this.#refusal)
  }
}
