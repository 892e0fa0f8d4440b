/**
 * The state of one link. A new link begins with a new one, so state of an older link cannot be
 * mistaken for state of this one.
 */
import { assert } from '../base/assert.ts'
import { toBase64url } from '../base/bytes.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { Link } from '../ports/transport.ts'
import { type Credits, authorFrame } from '../wire/frames.ts'
import { Binding } from './binding.ts'
import type { Gate } from './gate.ts'
import type { KeptPages } from './kept-pages.ts'
import type { Outbox } from './outbox.ts'
import { Pull, type PullEvents, type Puller } from './pull.ts'
import { ScopedPull } from './scoped-pull.ts'
import type { SessionParts } from './session-host.ts'
import type { SignIn } from './sign-in.ts'
import { HandBack } from './hand-back.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Limits } from '../facts/limits.ts'
import type { Reviewing } from './tail-plan.ts'

/** Time without a frame after which the position is requested. */
const SILENCE_MS = 15_000
/** Interval at which a session checks its link. */
export const LOOK_MS: number = SILENCE_MS / 3
/** Maximum age of the newest signed position of a store that is online. */
const STALE_MS = 60_000
/** A link without a byte, or an answer to an offer, for this time is dead. At 4 KB/s a frame of 256 KiB takes 66 s. */
export const DEAD_MS: number = 75_000

/** The state that one link passes to the next. */
export interface Carried {
  /** Pages of a snapshot that is not complete yet. */
  readonly kept: KeptPages
  /** Its sessions, where it was closed for those that it could not bind. */
  before: Binding | undefined
}

export class LinkLife {
  link: Link | undefined
  readonly startedAt: number
  /** Set by the greeting. */
  reviewing: Reviewing | undefined
  credits: Credits = { messages: 0, bytes: 0 }
  readonly binding: Binding
  readonly pull: Puller
  /** The nonce that the reviewer's greeting must sign. */
  readonly nonce: string
  /** The nonce that proofs of sessions sign; set by the greeting. */
  reviewerNonce = ''
  /** Set by the greeting of a reviewer that lacks what is here. */
  handBack: HandBack | undefined
  /** Set by the greeting. */
  gate: Gate | undefined
  /** The app's; given with each bind. undefined: it has none. */
  token: string | undefined
  /** Set by the greeting. */
  signIn: SignIn | undefined
  /** Whether the reviewer has sent the author ids of the person. */
  isKnown = false
  /** When the last frame, and the last byte, arrived. */
  heardAt: number
  aliveAt: number
  /** When it was open, and greeted the reviewer. */
  openedAt: number
  /** The head of the reviewer at the greeting; a store with less is not online. */
  greetedSeq = 0
  /** When the reviewer signed its newest position last, by the clock here. */
  wordAt: number = -Infinity
  /** When it became live: before that, an answer may wait behind what is caught up with. */
  #liveAt = Infinity
  /** The reviewer's clock is ahead of the one here by so much at least, in ms. */
  #aheadMs = -Infinity
  /** The longest pause between two bytes while an answer was waited for, in ms. */
  slowestMs = 0
  /** When bytes of this store were last buffered. */
  sendingAt: number = -Infinity
  /** No offers before this moment. */
  pausedUntil = 0
  nacks = 0
  /** Whether the session waits for a sign of life. */
  isProbed = false
  /** Whether a timer will look whether the link has drained. */
  isDraining = false
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #outbox: Outbox

  constructor(parts: SessionParts, events: PullEvents, carried: Carried) {
    this.#clock = parts.clock
    this.#limits = parts.limits
    this.#outbox = parts.outbox
    this.startedAt = this.openedAt = this.heardAt = this.aliveAt = parts.clock.monotonic()
    this.binding = new Binding(parts.limits, carried.before)
    carried.before = undefined
    const { scopes } = parts
    this.pull = scopes
      ? new ScopedPull({ ...parts, scopes }, events)
      : new Pull(parts, events, carried.kept)
    this.nonce = toBase64url(parts.random.bytes(16))
  }

  /** Sent bytes that are still buffered, if the link reports them. */
  get bufferedBytes(): number {
    return this.link?.bufferedBytes ?? 0
  }

  /**
   * Why the link is to be given up; undefined: it lives. Where what goes up is lost, what others write
   * may come for ever: then no offer has an answer.
   */
  get fault(): string | undefined {
    const now = this.#clock.monotonic()
    if (now - this.aliveAt > DEAD_MS) return 'the reviewer fell silent'
    const { unheardAt } = this.#outbox
    const since = Math.max(unheardAt ?? Infinity, this.#liveAt, this.sendingAt)
    return now - since > DEAD_MS ? 'the reviewer sends, and answers no offer' : undefined
  }

  /** Whether the newest signed position is too old for a store to be online. */
  get isStale(): boolean {
    return this.#wordMs > STALE_MS
  }

  /** Whether the newest position is to be requested. `waits`: messages wait for an answer. */
  isQuiet(waits: boolean): boolean {
    const silentMs = this.#clock.monotonic() - this.heardAt
    const isSilent = silentMs > SILENCE_MS || (waits && silentMs >= LOOK_MS)
    return isSilent || this.#wordMs > STALE_MS / 2
  }

  /** The age of the newest signed position, in ms. */
  get #wordMs(): number {
    return this.#clock.monotonic() - this.wordAt
  }

  /**
   * Whether a position is not before the greeting's: a repeated, old batch may be the next one
   * here.
   */
  has(position: Position | null): boolean {
    return (position?.seq ?? 0) >= this.greetedSeq
  }

  /**
   * Whether offers may be sent: all sessions are bound, and no batch is to be handed back first.
   */
  isOffering(nowMs: number): boolean {
    return this.binding.isDone && !this.isHandingBack && nowMs >= this.pausedUntil
  }

  /** Whether batches that the reviewer has lost are handed back, before anything else. */
  get isHandingBack(): boolean {
    return this.handBack !== undefined && !this.handBack.isDone
  }

  /** Requests missing batches; before that, hands back those that the reviewer lacks. */
  ask(): void {
    if (this.handBack) void this.handBack.begin(this.#clock.monotonic())
    else this.pull.wants.all()
  }

  /**
   * Whether the reviewer lacks batches of this store: they are handed back before anything else.
   */
  mayHandBack(
    lineage: Lineage,
    head: Position,
    { tail: { position: here }, host }: Pick<SessionParts, 'tail' | 'host'>,
    done: () => void,
  ): void {
    if (!here || here.seq <= Math.min(lineage.common(here), head.seq)) return
    const { wants } = this.pull
    assert(!this.handBack, 'a link hands back once')
    wants.isHeld = true
    this.handBack = new HandBack({
      held: () => host.held(),
      ...{ position: here, epochs: lineage.parted },
      isOn: (position) => lineage.has(position),
      send: (frame) => this.send(frame),
      frameBytesMax: this.#limits.authorFrameBytesMax / 2,
      done: () => {
        wants.isHeld = false
        wants.all()
        done()
      },
    })
  }

  send(frame: string): void {
    this.link?.send(frame)
  }

  /** Greets the reviewer. `position`: of this store. */
  hello(space: Uuid, position: Position | null): void {
    this.send(authorFrame('hello', { v: WIRE_VERSION, space, nonce: this.nonce, position }))
  }

  /** The reviewer's greeting at that seq, signed for this link at that time of its clock: not before it was opened. */
  greeted(seq: number, at: number): void {
    this.greetedSeq = seq
    this.#aheadMs = at - this.openedAt
    this.wordAt = this.openedAt
  }

  /**
   * Records a newest position, signed at that time of the reviewer's clock. A repeated one keeps
   * its age.
   */
  word(at: number): void {
    this.#liveAt = Math.min(this.#liveAt, this.#clock.monotonic())
    this.#aheadMs = Math.max(this.#aheadMs, at - this.#clock.monotonic())
    this.wordAt = Math.max(this.wordAt, at - this.#aheadMs)
  }

  /** Any byte is a sign of life, a frame or not. */
  alive(isAwaited: boolean): void {
    const now = this.#clock.monotonic()
    if (isAwaited) this.slowestMs = Math.max(this.slowestMs, now - this.aliveAt)
    this.aliveAt = now
  }
}
