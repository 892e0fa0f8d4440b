/**
 * One author's link, seen from the reviewer: handshake, what it asks for, and how far it has
 * been told. Everything that concerns verdicts goes to the reviewer behind it.
 *
 *   greeted ─▶ bound ─▶ want all: catching up from the store or by snapshot ─▶ live
 *      └── nothing bound in time ─▶ ended
 *
 * A link without a bound session reads nothing: what it asks for is answered with `bound` and no
 * sessions.
 */
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { ServerLink } from '../ports/transport.ts'
import { FrameJoiner, cutFrame } from '../wire/parts.ts'
import {
  type AuthorFrame,
  type ByeCode,
  type ReviewerFrames,
  parseAuthorFrame,
  reviewerFrame,
} from '../wire/frames.ts'
import { Pace } from './pace.ts'

export type FollowMode = 'none' | 'catching' | 'live'

/** A frame as a transport carries it, and its bytes. */
export interface Cut {
  readonly frames: readonly string[]
  readonly bytes: Bytes
}

/** What a connection asks of the reviewer it belongs to. */
export interface ConnectionHost {
  readonly space: Uuid
  readonly clock: Clock
  readonly limits: Limits
  /** The answer to a greeting; `nonces`: the author's, and the one of the link. */
  welcome(nonces: readonly [string, string]): Promise<ReviewerFrames['welcome']>
  /** 128 random bits. */
  nonce(): string
  bind(connection: Connection, frame: AuthorFrame & { kind: 'bind' }): void
  offer(connection: Connection, frame: AuthorFrame & { kind: 'offer' }): void
  /** `pages`: names of those that are there. */
  follow(connection: Connection, have: Position | null, pages?: readonly string[]): void
  history(connection: Connection, entityId: Uuid): void
  seal(connection: Connection, seq: number): void
  gone(connection: Connection): void
  strike(connection: Connection, why: string): void
  /** A greeting that this reviewer cannot answer. */
  refused(connection: Connection, why: string): void
}

/** The other end of a link, as the transport knows it. */
export interface Peer {
  readonly address: string
  /** What the transport's login said; opaque here. */
  readonly auth: unknown
}

const DRAIN_POLL_MS = 5
const DRAIN_POLL_MAX_MS = 100

export class Connection {
  readonly peer: Peer
  /** What proofs of sessions over this link sign. */
  readonly nonce: string
  /** Sessions this link speaks for. */
  readonly sessions: Set<Uuid> = new Set<Uuid>()
  mode: FollowMode = 'none'
  /** Entities whose histories are waiting for their turn. */
  readonly histories: Set<Uuid> = new Set<Uuid>()
  /** Seqs of seals that wait for their turn. */
  readonly seals: Set<number> = new Set<number>()
  /** Ends with the last answer that waits for its turn. */
  #answers: Promise<void> = Promise.resolve()
  /** How many were begun on this link. */
  snapshots = 0
  /** Messages offered and not answered. */
  pending = 0
  /** Ends when every session that was named so far is bound, or refused. */
  binding: Promise<void> = Promise.resolve()
  /** Ends when every offer so far has joined the queue. */
  order: Promise<void> = Promise.resolve()
  readonly #link: ServerLink
  readonly #host: ConnectionHost
  #greeted = false
  #closed = false
  #heardBytes = NO_BYTES
  readonly #joiner: FrameJoiner
  #strikes = 0
  readonly #pace: Pace
  readonly #cancelTimer: () => void

  constructor(link: ServerLink, peer: Peer, host: ConnectionHost) {
    this.#link = link
    this.#host = host
    this.nonce = host.nonce()
    this.peer = peer
    this.#pace = new Pace(host.limits, host.clock.monotonic())
    this.#joiner = new FrameJoiner(host.limits.authorFrameBytesMax)
    this.#cancelTimer = host.clock.after(host.limits.handshakeMs, () => {
      if (this.sessions.size === 0) this.close('no session was bound in time')
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  /**
   * Sends one answer after the other. `pending`: the keys of the requests that wait; a key that is
   * there, or is one too many, is ignored, and requested again. Rejects with `answer`.
   */
  async answerInTurn<K>(
    { key, pending, max }: { key: K; pending: Set<K>; max: number },
    answer: () => Promise<void>,
  ): Promise<void> {
    if (pending.has(key) || pending.size >= max) return
    pending.add(key)
    const answered = this.#answers.then(answer).finally(() => pending.delete(key))
    this.#answers = answered.catch(() => {}) // the caller gets the error; the next answer follows
    await answered
  }

  /** In parts, where it is larger than a transport carries. */
  send(frame: string): void {
    if (!this.#closed) this.sendCut(this.cut(frame))
  }

  /** The frames that carry this one; cut once, they may go to many. */
  cut(frame: string): Cut {
    return { frames: cutFrame(frame, this.#host.limits.frameBytesMax), bytes: utf8Bytes(frame) }
  }

  sendCut({ frames, bytes }: Cut): void {
    if (this.#closed) return
    this.#pace.sent(bytes)
    for (const frame of frames) if (!this.#closed) this.#link.send(frame)
  }

  /** Bytes of batches or of a page that the next frame of a long answer holds, by the peer's pace. */
  get frameBytes(): number {
    return this.#pace.frameBytes(this.#link.bufferedBytes)
  }

  /** Whether this peer reads what is live too slowly, and is served from the store at its own pace. */
  get isBehind(): boolean {
    return this.#pace.isBehind(this.#link.bufferedBytes ?? 0, this.#host.clock.monotonic())
  }

  /** The end of a long answer, as the last of its frames: from now on this link hears what is live. */
  through(frame: string): void {
    this.send(frame)
    this.#pace.answered()
    this.mode = 'live'
  }

  /** Resolves when the peer has read most of what it was sent. A peer that does not is its gateway's to end. */
  async drained(): Promise<void> {
    const { clock } = this.#host
    let waitMs = DRAIN_POLL_MS
    while (!this.#closed && !this.#pace.hasRoom(this.#link.bufferedBytes ?? 0, clock.monotonic())) {
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
      waitMs = Math.min(waitMs * 2, DRAIN_POLL_MAX_MS)
    }
  }

  /** A session that was proved is spoken for from now on. */
  speakFor(sessionId: Uuid): void {
    if (this.sessions.size === 0) this.#link.bound?.()
    this.sessions.add(sessionId)
  }

  /** Says why, and ends the link. */
  close(reason: string, code?: ByeCode): void {
    if (this.#closed) return
    this.#link.send(reviewerFrame('bye', { reason, code: code ?? null }))
    this.gone()
    this.#link.close(reason)
  }

  /** The link has ended by itself. */
  gone(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTimer()
    this.#host.gone(this)
  }

  /** Something that no honest author sends. Three of them end the link. */
  strike(why: string): void {
    this.#host.strike(this, why)
    if (++this.#strikes >= 3) this.close(`too many faulty frames, the last: ${why}`)
  }

  frame(carried: string): void {
    if (this.#closed) return
    if (this.sessions.size === 0 && !this.#withinHandshake(carried)) return
    const joined = this.#joiner.take(carried)
    if (joined.kind === 'malformed') this.strike(joined.message)
    else if (joined.kind === 'frame') this.#joined(joined.text)
  }

  #joined(text: string): void {
    const parsed = parseAuthorFrame(text, this.#host.limits)
    if (!parsed.ok) this.strike(parsed.error.message)
    else if (parsed.value.kind === 'hello') this.#hello(parsed.value)
    else if (parsed.value.kind === 'bye') this.close('bye')
    else if (!this.#greeted) this.close('a frame before hello')
    else this.#understood(parsed.value)
  }

  #withinHandshake(text: string): boolean {
    this.#heardBytes = addBytes(this.#heardBytes, utf8Bytes(text))
    if (this.#heardBytes <= this.#host.limits.handshakeBytesMax) return true
    this.close('too many bytes before a session was bound')
    return false
  }

  #hello(frame: AuthorFrame & { kind: 'hello' }): void {
    if (frame.v !== WIRE_VERSION)
      this.#refuse(
        'wrong_version',
        `this reviewer speaks version ${WIRE_VERSION} of the protocol, the store version ${frame.v}`,
      )
    else if (frame.space !== this.#host.space)
      this.#refuse('wrong_space', `this reviewer does not review the space ${frame.space}`)
    else {
      this.#greeted = true
      const welcome = this.#host.welcome([frame.nonce, this.nonce])
      void welcome.then((fields) => this.send(reviewerFrame('welcome', fields)))
    }
  }

  #refuse(code: ByeCode, why: string): void {
    this.#host.refused(this, why)
    this.close(why, code)
  }

  #understood(frame: AuthorFrame): void {
    switch (frame.kind) {
      case 'bind':
        this.#host.bind(this, frame)
        break
      case 'offer':
        this.#host.offer(this, frame)
        break
      case 'want':
      case 'history':
      case 'seal':
        void this.binding.then(() => this.#read(frame))
        break
      default:
    }
  }

  #read(frame: AuthorFrame & { kind: 'want' | 'history' | 'seal' }): void {
    if (this.sessions.size === 0) this.send(reviewerFrame('bound', { sessionIds: [] }))
    else if (frame.kind === 'history') this.#host.history(this, frame.entityId)
    else if (frame.kind === 'seal') this.#host.seal(this, frame.seq)
    else if (!this.#pace.isAnswering(this.#link.bufferedBytes ?? 0))
      // Before it has read the last answer, it asks because that is slow.
      this.#host.follow(this, frame.have, frame.pages ?? [])
  }
}
