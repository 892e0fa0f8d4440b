/**
 * The connection of one replica with its reviewer: greets, binds, catches up, offers, receives, and
 * reconnects when the link breaks. A state machine over frames and timers; the transport, the
 * storage and the screen belong to its host.
 *
 *   offline ─▶ connecting ─hello▶ greeting ─bind▶ syncing ─through▶ online
 *      ▲            └──────────── link lost, refused, silent ─────────┘
 *      └── setOnline(false)            (waits: capped exponential backoff, full jitter)
 *
 * Pull and push are independent: neither ever cancels the other (RELIABILITY, LiveStore 1538).
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { type ReviewerFrame, authorFrame, parseReviewerFrame } from '../wire/frames.ts'
import { type PartedEvents, connectInParts } from '../wire/parts.ts'
import type { Epoch } from '../wire/records.ts'
import type { Batch } from '../wire/types.ts'
import { Audit } from './audit.ts'
import { type Carried, DEAD_MS, LOOK_MS, LinkLife } from './link-life.ts'
import type { PullEvents } from './pull.ts'
import type { Gate, GatedFrame } from './gate.ts'
import { type RelayedFrame, leave, linkGate, takeRelayed } from './link-gate.ts'
import {
  type ConnectionRefusal,
  type LinkRefusal,
  type SessionParts,
  type SessionState,
  forgery,
} from './session-host.ts'
import { KeptPages } from './kept-pages.ts'
import { versionFault } from './greeting-faults.ts'
import { type Flush, offerFrame } from './own-flush.ts'
import { Requests } from './requests.ts'
import { SignIn } from './sign-in.ts'
import type { Reviewing } from './tail-plan.ts'
import { Tokens } from './tokens.ts'
import { Timers, backoffMs } from './timers.ts'
import { ANSWER_MS } from './wants.ts'

/** Delay before a retry with a reviewer that was refused. */
const REFUSED_RETRY_MS = 30_000
/** After a wake the link has this long for a byte, or twice its longest pause so far. */
const PROBE_MS = 4_000
/** Offers wait while more than this is buffered. */
const UNSENT_BYTES_MAX = 131_072
const DRAIN_MS = 10
const OLD = 'the newest signed position of the reviewer is too old'

export class SyncSession {
  readonly requests: Requests
  readonly #parts: SessionParts
  #state: SessionState = 'offline'
  #note: string | undefined
  /** Until a reviewer is followed again. */
  #refusal: ConnectionRefusal | undefined
  /** The present link or attempt; events of an older one are ignored. */
  #life: LinkLife | undefined
  /** The gate of the former link; its last checks end before the next greeting. */
  #left: Gate | undefined
  #attempts = 0
  readonly #tokens: Tokens
  readonly #audit: Audit
  readonly #forNext: Carried
  readonly #timers: Timers

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.requests = new Requests(parts, () => this.#asking)
    this.#forNext = { kept: new KeptPages(parts.limits.keptPagesBytesMax), before: undefined }
    this.#audit = new Audit({
      ...parts,
      verify: (...given) => parts.host.verifySeal(...given),
      alarm: (what) => parts.host.alarm(what),
    })
    this.#timers = new Timers(parts.clock)
    this.#tokens = new Tokens(parts)
  }

  get state(): SessionState {
    return this.#state
  }

  get reviewing(): Reviewing | undefined {
    return this.#life?.reviewing
  }

  /** Called when a batch of a link was applied. */
  taken(text: string, batch: Batch): void {
    this.#audit.taken(text, batch)
  }

  /** A frame that the reviewer has signed, and a peer has passed on. */
  relayed(frame: RelayedFrame, epochs: readonly Epoch[]): void {
    takeRelayed(frame, epochs, this.#parts)
  }

  /** Connects now, and again whenever the link is lost. */
  start(): void {
    if (this.#state !== 'offline') return
    this.#refusal = undefined
    this.#reconnect()
  }

  /** Stays away until `start`. */
  stop(state: 'offline' | 'closed' = 'offline'): void {
    if (this.#state === 'closed') return
    this.#life?.send(authorFrame('bye', { reason: state }))
    this.#drop()
    if (state === 'closed') this.#left?.close()
    this.#become(state, undefined)
  }

  /** Called when the network seems to be back: ends a backoff, and probes an open link. */
  wake(): void {
    if (this.#state === 'offline' || this.#state === 'closed') return
    const life = this.#life
    if (life?.reviewing) this.#probe(life)
    else if (!life || this.#parts.clock.monotonic() - life.startedAt >= PROBE_MS) this.#reconnect()
  }

  /** Called when the app has another token, or another function for it. */
  authChanged(): void {
    if (this.#state === 'offline' || this.#state === 'closed') return
    this.#tokens.taken()
    if (this.#life?.signIn?.hasToken) void this.#life.signIn.renew()
    else this.#reconnect()
  }

  /** Offers the messages that may be sent now. Called whenever one became ready. */
  pump(): void {
    const { outbox, clock, tail } = this.#parts
    const life = this.#life
    if (!life?.isOffering(clock.monotonic())) return
    void life.signIn?.bind() // a session that was adopted after the greeting
    if (!life.binding.isDone) return
    const isWaiting = (sessionId: Uuid): boolean => outbox.waits(sessionId)
    if (life.binding.isUsedUp(this.#parts.host.openings(), isWaiting)) {
      this.#forNext.before = life.binding
      this.#reconnect() // for the sessions that this link cannot bind
      return
    }
    const room = UNSENT_BYTES_MAX - life.bufferedBytes
    if (room > 0) {
      const bytes = Math.min(life.credits.bytes, outbox.inFlightBytes + room)
      const mayGo = ({ sessionId, entries }: Flush): boolean =>
        life.binding.has(sessionId) && entries.every((entry) => tail.hasChecked(entry.writtenAt))
      const offers = outbox.takeOffers({ ...life.credits, bytes }, clock.monotonic(), mayGo)
      const { host } = this.#parts
      for (const flush of offers) life.send(offerFrame(flush, (ids) => host.rejectionsOf(ids)))
    }
    this.#pumpWhenDrained(life)
  }

  /** The next offers are sent when the buffer has drained. */
  #pumpWhenDrained(life: LinkLife): void {
    if (life.isDraining || life.bufferedBytes === 0 || this.#parts.outbox.size === 0) return
    life.isDraining = true
    this.#timers.after(DRAIN_MS, () => {
      life.isDraining = false
      this.pump()
    })
  }

  get #asking(): ((frame: string) => void) | undefined {
    const isGreeted = this.#state === 'online' || this.#state === 'syncing'
    return isGreeted ? (frame) => this.#life?.send(frame) : undefined
  }

  #connect(): void {
    assert(!this.#life, 'a session has one link at a time')
    const events: PullEvents = {
      send: (frame) => life.send(frame),
      isBound: () => life.binding.isDone,
      behind: () => this.#behind(),
      caughtUp: (at) => this.#caughtUp(life, at),
      taken: () => this.pump(),
      fail: (note) => this.#fail(note),
    }
    const life: LinkLife = new LinkLife(this.#parts, events, this.#forNext)
    this.#life = life
    this.#become('connecting', this.#note)
    this.#tokens.ask({
      isLive: () => this.#life === life,
      after: (delayMs, task) => this.#timers.after(delayMs, task),
      late: (note) => this.#become('connecting', note, 'unauthorised'),
      here: (token) => this.#open(life, token),
      unavailable: (note) => this.#unauthorised(note),
    })
  }

  #open(life: LinkLife, token: string | undefined): void {
    const { transport, limits, space } = this.#parts
    const { handshakeMs } = limits
    const live = (): boolean => this.#life === life
    life.token = token
    this.#timers.clear()
    this.#timers.after(handshakeMs * 2, () => this.#fail('the reviewer does not answer'))
    const parted: PartedEvents = {
      carried: (isPart) => {
        if (live()) this.#carried(life, isPart)
      },
      open: () => {
        if (!live()) return
        this.#timers.clear()
        life.openedAt = this.#parts.clock.monotonic()
        this.#become('greeting', this.#refusal && this.#note)
        this.#timers.after(handshakeMs, () => this.#fail('the reviewer does not greet'))
        life.hello(space, this.#parts.tail.position)
      },
      frame: (text) => {
        if (live()) this.#frame(life, text)
      },
      alive: () => {
        if (live()) life.alive(this.#isAwaiting(life))
      },
      closed: (reason) => {
        if (live()) this.#fail(reason)
      },
    }
    life.link = connectInParts(transport, parted, limits)
  }

  #reconnect(): void {
    this.#drop()
    this.#attempts = 0
    this.#connect()
  }

  /** Ends this link and tries again later. */
  #fail(note: string): void {
    this.#drop()
    this.#become('connecting', note)
    this.#timers.after(backoffMs(this.#attempts++, this.#parts.random), () => this.#connect())
  }

  /** Ends this link; only a change of the reviewer or of this store makes another one last. */
  #refuse({ refusal, note }: LinkRefusal, retryMs = REFUSED_RETRY_MS): void {
    this.#drop()
    this.#become('connecting', note, refusal)
    this.#timers.after(retryMs, () => this.#connect())
  }

  /** Ends this link; requests a token from the app again, with a growing pause. */
  #unauthorised(note: string): void {
    this.#refuse({ refusal: 'unauthorised', note }, this.#tokens.pauseMs())
  }

  #drop(): void {
    const { link, gate } = this.#life ?? {}
    if (gate) this.#left = leave(gate, this.#parts.tail)
    this.#life = undefined
    this.#timers.clear()
    link?.close()
    this.#parts.outbox.requeueAll()
    this.requests.lost()
    this.#audit.lost()
  }

  /** Whether the reviewer owes an answer. */
  #isAwaiting({ pull }: LinkLife): boolean {
    return pull.wants.any || this.#parts.outbox.inFlightBytes > 0
  }

  /** Probes a link, which may be half-open: closes it when no answer arrives. */
  #probe(life: LinkLife): void {
    if (life.isProbed) return
    life.isProbed = true
    life.pull.wants.all() // an answer to an earlier request is a sign of life, too
    const askedAt = this.#parts.clock.monotonic()
    const waitMs = Math.min(Math.max(PROBE_MS, life.slowestMs * 2), DEAD_MS)
    this.#timers.after(waitMs, () => {
      life.isProbed = false
      if (life.aliveAt < askedAt) this.#reconnect()
    })
  }

  #carried(life: LinkLife, isPart: boolean): void {
    life.alive(this.#isAwaiting(life))
    life.heardAt = life.aliveAt
    if (isPart) life.pull.wants.progress() // of a frame that exceeds the bound
  }

  #frame(life: LinkLife, text: string): void {
    const frame = parseReviewerFrame(text, this.#parts.limits)
    if (!frame.ok) this.#fail(`the reviewer sent ${frame.error.message}`)
    else if (frame.value.kind === 'welcome') this.#welcome(life, frame.value)
    else if (life.reviewing) this.#understood(life, frame.value, text)
    else if (frame.value.kind === 'bye') this.#ended(frame.value)
  }

  #understood(life: LinkLife, frame: ReviewerFrame, text: string): void {
    switch (frame.kind) {
      case 'tail':
      case 'page':
      case 'kept':
      case 'settled':
      case 'through':
      case 'accepted':
      case 'rejected':
      case 'nack':
      case 'history':
      case 'seal':
      case 'me':
      case 'states':
      case 'erased':
        assert(life.gate, 'a link that was greeted has a gate')
        life.gate.push(frame, text)
        break
      case 'bound':
        life.signIn?.bound(frame)
        break
      case 'back':
        if (life.isHandingBack) life.handBack?.heard(frame.seq, this.#parts.clock.monotonic())
        else this.requests.heard(frame, life.heardAt)
        break
      case 'reach':
        life.pull.reached(frame)
        break
      case 'bye':
        this.#ended(frame)
        break
      default:
    }
  }

  /** Called with a frame that is verified, or needs no check. */
  #believed(life: LinkLife, frame: GatedFrame, text: string): void {
    const { host } = this.#parts
    switch (frame.kind) {
      case 'accepted':
        assert(life.reviewing, 'only a link that was greeted is believed')
        life.pull.accepted(frame, life.reviewing)
        break
      case 'rejected':
        host.rejected(frame.rejections)
        this.pump()
        break
      case 'nack':
        this.#nack(life, frame)
        break
      case 'history':
      case 'erased': {
        const fault = this.requests.heard(frame, life.heardAt)
        if (fault !== undefined) this.#fail(`the reviewer sent ${fault}`)
        break
      }
      case 'seal':
        void this.#audit.answered(frame)
        break
      case 'me':
        life.isKnown = true
        host.me(frame.authorIds)
        break
      default:
        assert(life.reviewing, 'only a link that was greeted is believed')
        life.pull.frame(frame, text, life.reviewing)
    }
  }

  #ended({ reason, code }: ReviewerFrame & { kind: 'bye' }): void {
    if (code === 'unauthorised') this.#unauthorised(reason)
    else if (code) this.#refuse({ refusal: code, note: reason })
    else this.#fail(reason)
  }

  #welcome(life: LinkLife, frame: ReviewerFrame & { kind: 'welcome' }): void {
    const other = versionFault(frame.v)
    if (other) return this.#refuse(other)
    const nonces = [life.nonce, frame.nonce] as const
    const judged = this.#parts.host
      .judge({ ...frame, nonces })
      .catch(() => forgery('a greeting that cannot be checked'))
    void Promise.all([judged, this.#left?.finished()]).then(([fault]) => {
      if (this.#life !== life || life.reviewing) return
      if (fault) this.#refuse(fault)
      else this.#greeted(life, frame)
    })
  }

  #greeted(life: LinkLife, frame: ReviewerFrame & { kind: 'welcome' }): void {
    const { host, tail } = this.#parts
    assert(!life.gate, 'a link is greeted once')
    const lineage = host.greeted(frame.lineage)
    const by = { ...lineage.present, lineage }
    // A state of another lineage is shown until it is replaced.
    if (!tail.position || lineage.has(tail.position)) host.follow(lineage, false)
    life.mayHandBack(lineage, frame.position, this.#parts, () => this.pump())
    this.#refusal = undefined
    this.#audit.follow(lineage)
    life.reviewing = by
    life.reviewerNonce = frame.nonce
    life.gate = linkGate({
      ...{ ...this.#parts, by, greeted: frame.position, nonce: frame.nonce },
      isLive: () => this.#life === life,
      partHashes: (snapshot) => life.pull.partHashes(snapshot),
      believed: (gated, text) => this.#believed(life, gated, text),
      refuse: (fault) => this.#refuse(fault),
    })
    life.credits = frame.credits
    this.#timers.clear()
    this.#become('syncing', undefined)
    life.signIn = this.#signIn(life)
    // A link without a session may not read, so the request follows the first binding.
    void life.signIn.bind().then(() => this.#life === life && life.ask())
    life.heardAt = life.aliveAt = this.#parts.clock.monotonic()
    life.greeted(frame.position.seq, frame.at)
    this.#watch(life)
  }

  #signIn(life: LinkLife): SignIn {
    return new SignIn(this.#parts, life, {
      isLive: () => this.#life === life,
      after: (delayMs, task) => this.#timers.after(delayMs, task),
      ready: () => {
        if (this.#state === 'syncing') life.pull.wants.all()
        this.pump()
      },
      refused: (why) => this.#unauthorised(why),
      revoked: (why) => this.#become('syncing', why, 'unauthorised'),
    })
  }

  /** Called when facts of the reviewer are known to be missing. */
  #behind(note?: string): void {
    if (this.#state === 'online') this.#become('syncing', note)
  }

  /** Called when no fact is missing; `at`: the time at which the reviewer has signed that. */
  #caughtUp(life: LinkLife, at: number | undefined): void {
    this.#attempts = 0
    this.#tokens.taken()
    if (at !== undefined) life.word(at)
    // A new greeting compares the clocks again: one of them may have been suspended.
    if (life.isStale && at !== undefined) this.#fail(OLD)
    else if (this.#state === 'syncing' && !life.isStale && life.has(this.#parts.tail.position)) {
      if (!life.isKnown) this.#parts.host.me(undefined)
      this.#become('online', undefined)
    }
  }

  #nack(life: LinkLife, frame: ReviewerFrame & { kind: 'nack' }): void {
    const { outbox, clock, random } = this.#parts
    const delayMs = backoffMs(life.nacks++, random)
    // A nack of these messages alone must not delay the others.
    const alone = frame.alone && frame.reason !== 'not_bound'
    const until = clock.monotonic() + delayMs
    const waiting = frame.clientSeqs
      .map((clientSeq) => outbox.find(frame.sessionId, clientSeq))
      .filter((entry) => entry !== undefined)
    for (const entry of waiting) outbox.requeue(entry, alone ? until : undefined)
    this.#parts.host.nacked(waiting, frame.reason, frame)
    life.binding.nacked(frame, outbox.oldestOf(frame.sessionId))
    if (!alone) life.pausedUntil = until
    this.#become(this.#state, frame.detail || `the reviewer asks to wait: ${frame.reason}`)
    this.#timers.after(delayMs + 1, () => this.pump())
  }

  /** Detects a silent link, and requests without an answer. */
  #watch(life: LinkLife): void {
    this.#timers.after(LOOK_MS, () => {
      const now = this.#parts.clock.monotonic()
      const { fault } = life
      if (fault !== undefined) {
        this.#fail(fault)
        return
      }
      // Buffered requests have not been sent yet, so they are not repeated.
      if (life.bufferedBytes > 0) life.sendingAt = now
      else this.#askAgain(life, now)
      this.requests.tick(now, (frame) => life.send(frame))
      life.handBack?.tick(now)
      if (this.#state === 'online') this.#audit.tick((frame) => life.send(frame))
      this.pump()
      this.#watch(life)
    })
  }

  #askAgain(life: LinkLife, now: number): void {
    const { outbox } = this.#parts
    const part = life.binding.unanswered(now - LOOK_MS, now)
    if (part) void life.signIn?.prove(part)
    if (life.isQuiet(outbox.size > 0)) life.pull.wants.all()
    if (life.isStale) this.#behind(OLD)
    life.pull.wants.tick()
    if (now - life.sendingAt >= ANSWER_MS) outbox.requeueUnanswered(now - ANSWER_MS)
  }

  #become(state: SessionState, note: string | undefined, refusal = this.#refusal): void {
    if (state === this.#state && note === this.#note && refusal === this.#refusal) return
    this.#state = state
    this.#note = note
    this.#refusal = state === 'online' ? undefined : refusal
    this.#parts.host.changed(state, note, this.#refusal)
  }
}
