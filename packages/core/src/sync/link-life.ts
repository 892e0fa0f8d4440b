/**
 * All that a session knows by one link and that ends with it. A new link begins with a new one,
 * so nothing of an older link can be taken for something of this one.
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
import { Pull, type PullEvents, type Puller } from './pull.ts'
import { ScopedPull } from './scoped-pull.ts'
import type { SessionParts } from './session-host.ts'
import type { SignIn } from './sign-in.ts'
import { HandBack } from './hand-back.ts'
import type { Lineage } from '../history/lineage.ts'
import type { Limits } from '../facts/limits.ts'
import type { Reviewing } from './tail-plan.ts'

/** Without a frame for this long, the position is asked for. */
const SILENCE_MS = 15_000
/** How often a session looks at its link. */
export const LOOK_MS: number = SILENCE_MS / 3
/** With no word of the reviewer that was signed within this time, a store is not online. */
const STALE_MS = 60_000

/** What one link leaves to the next. */
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
  /** What the reviewer's greeting has to sign. */
  readonly nonce: string
  /** What proofs of sessions sign; set by the greeting. */
  reviewerNonce = ''
  /** Set by the greeting of a reviewer that lacks what is here. */
  handBack: HandBack | undefined
  /** Set by the greeting. */
  gate: Gate | undefined
  /** The app's; given with each bind. undefined: it has none. */
  token: string | undefined
  /** Set by the greeting. */
  signIn: SignIn | undefined
  /** Whether the reviewer has said who the person is. */
  isKnown = false
  /** When the last frame, and the last byte, came. */
  heardAt: number
  aliveAt: number
  /** When it was open, and greeted the reviewer. */
  openedAt: number
  /** What the reviewer had when it greeted; who has less is not online. */
  greetedSeq = 0
  /** When the reviewer signed what it last said of its newest position, by the clock here. */
  wordAt: number = -Infinity
  /** The reviewer's clock is ahead of the one here by so much at least, in ms. */
  #aheadMs = -Infinity
  /** The longest pause between two bytes while an answer was waited for, in ms. */
  slowestMs = 0
  /** When bytes of ours were last seen waiting to leave. */
  sendingAt: number = -Infinity
  /** No offers before this moment. */
  pausedUntil = 0
  nacks = 0
  /** Whether a sign of life is waited for. */
  isProbed = false
  /** Whether a timer will look whether the link has drained. */
  isDraining = false
  readonly #clock: Clock
  readonly #limits: Limits

  constructor(parts: SessionParts, events: PullEvents, carried: Carried) {
    this.#clock = parts.clock
    this.#limits = parts.limits
    this.startedAt = this.openedAt = this.heardAt = this.aliveAt = parts.clock.monotonic()
    this.binding = new Binding(parts.limits, carried.before)
    carried.before = undefined
    const { scopes } = parts
    this.pull = scopes
      ? new ScopedPull({ ...parts, scopes }, events)
      : new Pull(parts, events, carried.kept)
    this.nonce = toBase64url(parts.random.bytes(16))
  }

  /** Bytes of ours that have not left yet, as far as the link can tell. */
  get bufferedBytes(): number {
    return this.link?.bufferedBytes ?? 0
  }

  /** Whether the newest signed position is too old for a store to be online. */
  get isStale(): boolean {
    return this.#wordMs > STALE_MS
  }

  /** Whether the newest position is to be asked for. `waits`: messages wait for an answer. */
  isQuiet(waits: boolean): boolean {
    const silentMs = this.#clock.monotonic() - this.heardAt
    const isSilent = silentMs > SILENCE_MS || (waits && silentMs >= LOOK_MS)
    return isSilent || this.#wordMs > STALE_MS / 2
  }

  /** The age of the newest signed position, in ms. */
  get #wordMs(): number {
    return this.#clock.monotonic() - this.wordAt
  }

  /** Whether a position has what the greeting had: an old batch that is repeated may follow what is here. */
  has(position: Position | null): boolean {
    return (position?.seq ?? 0) >= this.greetedSeq
  }

  /** Whether offers may go: all is bound, and the reviewer lacks nothing that it is to get first. */
  isOffering(nowMs: number): boolean {
    const isHandingBack = this.handBack !== undefined && !this.handBack.isDone
    return this.binding.isDone && !isHandingBack && nowMs >= this.pausedUntil
  }

  /** Asks for what is missing, or hands back what the reviewer lacks, and asks then. */
  ask(): void {
    if (this.handBack) void this.handBack.begin(this.#clock.monotonic())
    else this.pull.wants.all()
  }

  /** Whether the reviewer lacks what is here: it is handed back before anything else. */
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

  /** What is newest, signed at that time of the reviewer's clock. One that is said again is as old as it was. */
  word(at: number): void {
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
