/**
 * The reviewer's end of one link: handshake, requests, and whether the link follows the space. Passes
 * offers and requests to its host, the reviewer.
 *
 *   greeted ─▶ bound ─▶ want: catching up from the store or by snapshot ─▶ live
 *      │            └──▶ follow: states of scopes
 *      └── no session bound in time ─▶ closed
 *
 * A link without a bound session may not read: its requests are answered with an empty `bound`. A link
 * whose sessions are all revoked may not read either: it offers what was written before the
 * revocation, and ends.
 */
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { Limits } from '../facts/limits.ts'
import { type Position, WIRE_VERSION } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { ServerLink } from '../ports/transport.ts'
import type { SessionRecord } from '../review/ledger.ts'
import type { Person } from '../review/persons.ts'
import { FrameJoiner, cutFrame } from '../wire/parts.ts'
import {
  type AuthorFrame,
  type ByeCode,
  type ReviewerFrames,
  parseAuthorFrame,
  reviewerFrame,
} from '../wire/frames.ts'
import type { Peer, SignedIn } from './login.ts'
import { Answer } from './answer.ts'
import { Pace } from './pace.ts'
import { type PersonKey, type Quotas, personKey } from './quotas.ts'

/** `states`: scopes instead of the chain. */
export type FollowMode = 'none' | 'catching' | 'live' | 'states'

/** The sentence that the client is shown. */
export const EXPIRED = 'the login has expired'
const NOTHING: ReadonlySet<Capability> = new Set()
/** Maximum of one timer: platforms limit the delay. */
const TIMER_MS_MAX = 86_400_000

/** A frame in the parts that the transport carries, and its size. */
export interface CutFrame {
  readonly frames: readonly string[]
  readonly bytes: Bytes
}

/** What a connection needs from its reviewer. */
export interface ConnectionHost {
  readonly space: Uuid
  readonly clock: Clock
  readonly limits: Limits
  readonly quotas: Quotas
  /** The seq of the newest erasure. */
  readonly erasedSeq: number
  /** The answer to `hello`; `nonces`: that of the author, and that of this connection. */
  welcome(nonces: readonly [string, string]): Promise<ReviewerFrames['welcome']>
  /** 128 random bits. */
  nonce(): string
  bind(connection: Connection, frame: AuthorFrame & { kind: 'bind' }): void
  offer(connection: Connection, frame: AuthorFrame & { kind: 'offer' }): void
  want(connection: Connection, have: Position | null, pages: readonly string[]): void
  /** Batches that this reviewer may have lost. */
  held(connection: Connection, frame: AuthorFrame & { kind: 'held' }): void
  /** Follows scopes from now on. */
  scopes(connection: Connection, frame: AuthorFrame & { kind: 'follow' }): void
  /** How far the next rows of scopes reach. */
  reach(connection: Connection, frame: AuthorFrame & { kind: 'reach' }): void
  history(connection: Connection, entityId: Uuid): void
  erase(connection: Connection, frame: AuthorFrame & { kind: 'erase' }): void
  seal(connection: Connection, seq: number): void
  gone(connection: Connection): void
  strike(connection: Connection, why: string): void
  /** Reports a `hello` of another space or protocol version. */
  refused(connection: Connection, why: string): void
}

/** Frames that ask for what is here. */
type ReadKind = 'want' | 'follow' | 'reach' | 'history' | 'seal' | 'erase' | 'held'

/** Whose quotas a session uses. */
interface SessionHolder {
  readonly key: PersonKey
  readonly authorId: Uuid
}

const DRAIN_POLL_MS = 5
const DRAIN_POLL_MAX_MS = 100

export class Connection {
  readonly peer: Peer
  /** Signed by the proofs of sessions on this link. */
  readonly nonce: string
  /** Sessions that are bound to this link. */
  readonly sessions: Set<Uuid> = new Set<Uuid>()
  /** The persons whose sessions these are, as they were bound. */
  readonly #holders = new Map<Uuid, SessionHolder>()
  /** Authors whose sessions this link has bound with a login. */
  readonly authors: Set<Uuid> = new Set<Uuid>()
  #login: 'none' | 'signed in' | 'expired' = 'none'
  #person: Person | null = null
  #may = NOTHING
  #endsAtMs: number | undefined
  #cancelEnd: () => void = () => {}
  /** Why messages that are written from now on are refused; set while all sessions of the link are revoked. */
  #revoked: string | undefined
  #cancelIdle: () => void = () => {}
  #mode: FollowMode = 'none'
  /** Entities whose histories are requested and not sent yet. */
  readonly histories: Set<Uuid> = new Set<Uuid>()
  /** Numbers of the questions how far rows reach that are not answered yet. */
  readonly reaches: Set<number> = new Set<number>()
  /** Seqs whose seals are requested and not sent yet. */
  readonly seals: Set<number> = new Set<number>()
  /** Resolves after the last queued answer. */
  #answers: Promise<void> = Promise.resolve()
  /** Number of snapshots that were started on this link. */
  snapshots = 0
  /** Messages that were offered and not answered yet. */
  pending = 0
  /** Resolves when every `bind` so far is answered. */
  binding: Promise<void> = Promise.resolve()
  /** Resolves when every offer so far is queued or answered. */
  order: Promise<void> = Promise.resolve()
  readonly #link: ServerLink
  readonly #host: ConnectionHost
  #greeted = false
  #closed = false
  #handshakeBytes = NO_BYTES
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
   * Sends answers one after the other. `pending`: the keys of the queued requests. A request whose
   * key is queued, or which exceeds `max`, is ignored; the client retries. Rejects with `answer`.
   */
  async answerInTurn<K>(
    { key, pending, max }: { key: K; pending: Set<K>; max: number },
    answer: () => Promise<void>,
  ): Promise<void> {
    if (pending.has(key) || pending.size >= max) return
    pending.add(key)
    const answered = this.#answers
      .then(() => this.drained())
      .then(answer)
      .finally(() => pending.delete(key))
    this.#answers = answered.catch(() => {}) // the caller gets the error; the next answer follows
    await answered
  }

  /** How the link follows the space: not at all once its login has ended. */
  get mode(): FollowMode {
    return this.isExpired ? 'none' : this.#mode
  }

  set mode(mode: FollowMode) {
    this.#mode = mode
  }

  /** Begins an answer of what is read from now on. */
  answer(): Answer {
    return new Answer(this, () => this.#host.erasedSeq)
  }

  /** Sends a frame, in parts where it is larger than the transport carries. */
  send(frame: string): void {
    if (!this.#closed) this.sendCut(this.cut(frame))
  }

  /** Splits a frame for the transport; the result may be sent on many links. */
  cut(frame: string): CutFrame {
    return { frames: cutFrame(frame, this.#host.limits.frameBytesMax), bytes: utf8Bytes(frame) }
  }

  sendCut({ frames, bytes }: CutFrame): void {
    if (this.#closed) return
    this.#pace.sent(bytes)
    for (const frame of frames) if (!this.#closed) this.#link.send(frame)
  }

  /** Maximum size of the content of the next frame of a long answer, by the pace of the peer. */
  get frameBytes(): number {
    return this.#pace.frameBytes(this.#link.bufferedBytes)
  }

  /** Whether this peer reads live batches too slowly, and must catch up from the store. */
  get isBehind(): boolean {
    return this.#pace.isBehind(this.#link.bufferedBytes ?? 0, this.#host.clock.monotonic())
  }

  /** Sends the last frame of a long answer, and makes the link live. */
  through(frame: string): void {
    this.send(frame)
    this.#pace.answered()
    this.mode = 'live'
  }

  /** Sends a part of an answer. `drained` resolves when the next one may follow. */
  sendPart(frame: string): void {
    const cut = this.cut(frame)
    this.charge(cut.bytes)
    this.sendCut(cut)
  }

  /** Counts bytes that were read for an answer. */
  charge(bytes: number): void {
    const reader = this.reader
    if (reader) this.#host.quotas.read(reader.key, bytes)
  }

  /** The person who reads over this link: of its first session. */
  get reader(): SessionHolder | undefined {
    return this.#holders.values().next().value
  }

  get #mayGoOn(): boolean {
    const reader = this.reader
    if (reader && this.#host.quotas.isReadUp(reader.key, reader.authorId)) return false
    return this.#pace.hasRoom(this.#link.bufferedBytes ?? 0, this.#host.clock.monotonic())
  }

  /**
   * Resolves when the peer has read most of the sent bytes, and its person may be sent more. The
   * gateway closes a link whose peer does not read.
   */
  async drained(): Promise<void> {
    const { clock } = this.#host
    let waitMs = DRAIN_POLL_MS
    while (!this.#closed && !this.#mayGoOn) {
      await new Promise<void>((resolve) => void clock.after(waitMs, resolve))
      waitMs = Math.min(waitMs * 2, DRAIN_POLL_MAX_MS)
    }
  }

  /** The person that this link has proved; null: no proof is required, or its login has expired. */
  get person(): Person | null {
    return this.#person
  }

  /** The capabilities of the login; none before the first one, and after its end. */
  get may(): ReadonlySet<Capability> {
    return this.#revoked === undefined ? this.#may : withoutRead(this.#may)
  }

  /** Why this link may only offer what was written before a revocation; undefined: it may read, too. */
  get revoked(): string | undefined {
    return this.#revoked
  }

  get isSignedIn(): boolean {
    return this.#login === 'signed in'
  }

  /**
   * Whether its login has ended: then nothing is sent of the space, and none of its offers is decided. The
   * timers of a process that was suspended are late, so the clock decides.
   */
  get isExpired(): boolean {
    const endsAtMs = this.#login === 'signed in' ? this.#endsAtMs : undefined
    if (endsAtMs !== undefined && this.#host.clock.monotonic() >= endsAtMs) this.#expire()
    return this.#login === 'expired'
  }

  /**
   * Records the login of the link, or a newer one of the same person, which may be valid for longer.
   * Returns why it is refused, as a sentence for the client.
   */
  signIn({ person, forMs, may }: SignedIn): string | undefined {
    if (this.#login === 'expired') return EXPIRED
    if (this.#login === 'signed in' && this.#person?.id !== person?.id)
      return 'this link is of another person'
    const endsAtMs = forMs === undefined ? undefined : this.#host.clock.monotonic() + forMs
    const isShorter = this.#login === 'signed in' && isBefore(endsAtMs, this.#endsAtMs)
    if (!isShorter) this.#endsAtMs = endsAtMs
    this.#login = 'signed in'
    this.#person = person
    this.#may = may
    this.#endLater()
    return undefined
  }

  #endLater(): void {
    this.#cancelEnd()
    if (this.#endsAtMs === undefined || this.#closed) return
    const { clock } = this.#host
    // Whole milliseconds: a timer of less may not advance a clock of large numbers.
    const leftMs = Math.ceil(this.#endsAtMs - clock.monotonic())
    if (leftMs > 0)
      this.#cancelEnd = clock.after(Math.min(leftMs, TIMER_MS_MAX), () => this.#endLater())
    else this.#expire()
  }

  /** Offers that arrived before the login ended are answered first. */
  #expire(): void {
    if (this.#login === 'expired') return
    this.#login = 'expired'
    this.#person = null
    this.#may = NOTHING
    void this.order.then(() => this.close(EXPIRED, 'unauthorised'))
  }

  /** Records that the link has bound this author. True the first time. */
  speaksAs(authorId: Uuid): boolean {
    if (this.authors.has(authorId)) return false
    this.authors.add(authorId)
    return true
  }

  /**
   * Binds a session that was proved on this link. `revoked`: why its messages are refused from now on.
   * Returns false where its person has too many sessions.
   */
  speakFor(record: SessionRecord, revoked: string | undefined): boolean {
    const { sessionId, authorId } = record
    if (this.sessions.has(sessionId)) return true
    const key = personKey(this.#person, record)
    if (!this.#host.quotas.holdSession(key, authorId)) return false
    this.#holders.set(sessionId, { key, authorId })
    if (this.sessions.size === 0) {
      this.#revoked = revoked
      this.#link.bound?.(this.#host.space)
    } else this.#revoked &&= revoked
    this.#endWhenIdle()
    this.sessions.add(sessionId)
    return true
  }

  /** Closes a revoked link once it offers nothing any more. */
  #endWhenIdle(): void {
    this.#cancelIdle()
    const why = this.#revoked
    if (why === undefined || this.#closed) return
    const { clock, limits } = this.#host
    this.#cancelIdle = clock.after(limits.handshakeMs, () => {
      if (this.pending > 0) this.#endWhenIdle()
      else this.close(why, 'unauthorised')
    })
  }

  /** The person whose quotas a session of this link uses. */
  holderOf(sessionId: Uuid): SessionHolder | undefined {
    return this.#holders.get(sessionId)
  }

  /** Sends `bye` with the reason, and closes the link. */
  close(reason: string, code?: ByeCode): void {
    if (this.#closed) return
    this.#link.send(reviewerFrame('bye', { reason, code: code ?? null }))
    this.gone()
    this.#link.close(reason)
  }

  /** Called when the link is closed. */
  gone(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancelTimer()
    this.#cancelEnd()
    this.#cancelIdle()
    for (const { key } of this.#holders.values()) this.#host.quotas.releaseSession(key)
    this.#host.gone(this)
  }

  /** Records a frame that no honest author sends. The third closes the link. */
  strike(why: string): void {
    this.#host.strike(this, why)
    if (++this.#strikes >= 3) this.close(`too many faulty frames, the last: ${why}`)
  }

  frame(carried: string): void {
    if (this.#closed) return
    if (this.sessions.size === 0 && !this.#withinHandshake(carried)) return
    const joined = this.#joiner.take(carried)
    if (joined.kind === 'waiting') this.#endWhenIdle()
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
    this.#handshakeBytes = addBytes(this.#handshakeBytes, utf8Bytes(text))
    if (this.#handshakeBytes <= this.#host.limits.handshakeBytesMax) return true
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
        this.#endWhenIdle()
        this.#host.offer(this, frame)
        break
      case 'want':
      case 'follow':
      case 'reach':
      case 'history':
      case 'seal':
      case 'erase':
      case 'held':
        void this.binding.then(() => this.#read(frame))
        break
      default:
    }
  }

  #read(frame: AuthorFrame & { kind: ReadKind }): void {
    if (this.sessions.size === 0 || this.#revoked !== undefined)
      this.send(reviewerFrame('bound', { sessionIds: [], forMs: null, why: null, may: null }))
    else if (frame.kind === 'history') this.#host.history(this, frame.entityId)
    else if (frame.kind === 'seal') this.#host.seal(this, frame.seq)
    else if (frame.kind === 'erase') this.#host.erase(this, frame)
    else if (frame.kind === 'held') this.#host.held(this, frame)
    else if (frame.kind === 'follow') this.#host.scopes(this, frame)
    else if (frame.kind === 'reach') this.#host.reach(this, frame)
    else if (!this.#pace.isAnswering(this.#link.bufferedBytes ?? 0))
      // Until the peer has read the last long answer, a `want` is a retry: it is ignored.
      this.#host.want(this, frame.have, frame.pages ?? [])
  }
}

/** Whether one end is before another one; undefined: there is no end. */
function isBefore(a: number | undefined, b: number | undefined): boolean {
  return (a ?? Infinity) < (b ?? Infinity)
}

function withoutRead(may: ReadonlySet<Capability>): ReadonlySet<Capability> {
  return new Set([...may].filter((each) => each !== 'read'))
}
