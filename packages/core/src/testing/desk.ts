/**
 * A reviewer on a simulated store, and scripted authors: the test writes every message, offer and
 * frame. For rules about single verdicts and frames; `test/world` simulates whole replicas.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { uuid4 } from '../base/uuid4.ts'
import { FACT_BOUNDS } from '../facts/bounds.ts'
import { authoredIn, composeFlush, textOfFlush } from '../facts/flush.ts'
import { sealBytes } from '../facts/hashes.ts'
import { composeSession } from '../facts/session-line.ts'
import type {
  AuthoredMessage,
  Change,
  ChangeKind,
  Expectation,
  Flush,
  Message,
  Seen,
  Session,
  SessionFacts,
} from '../facts/types.ts'
import { numberName, pendingIn } from '../history/names.ts'
import { EntityIds, grantBytes, personalCommit, whoamiId } from '../facts/whoami.ts'
import { LIMITS } from '../facts/limits.ts'
import { bindBytes } from '../wire/signed.ts'
import { WIRE_VERSION } from '../facts/message.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import {
  type ProvedOpening,
  type ReviewerFrame,
  authorFrame,
  linesInParts,
  parseReviewerFrame,
} from '../wire/frames.ts'
import { FrameJoiner, cutFrame } from '../wire/parts.ts'
import { type BatchContext, readBatch } from '../wire/read-batch.ts'
import type { Batch } from '../wire/types.ts'
import type { Attached, Reviewer, ReviewerEvent, ReviewerOptions } from '../node/api.ts'
import { createReviewer } from '../node/reviewer.ts'
import { FaultySpaces } from './faulty-spaces.ts'
import { type MessageName, namesOfSeen, seenOwn } from './exact-seen.ts'
import { SeededRandom } from './seeded-random.ts'
import { simSigner } from './sim-signer.ts'
import { VirtualClock } from './virtual-clock.ts'

export const DESK_SPACE: Uuid = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

export type DeskOptions = Pick<
  ReviewerOptions,
  | 'authenticate'
  | 'capabilities'
  | 'entities'
  | 'publishes'
  | 'rules'
  | 'review'
  | 'assign'
  | 'limits'
>

export class Desk {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom = new SeededRandom(7)
  readonly signer: Signer = simSigner({ random: this.random })
  readonly spaces: FaultySpaces = new FaultySpaces({ clock: this.clock })
  readonly events: ReviewerEvent[] = []
  /** All messages written here, by session and number. */
  readonly written: Map<string, HandMessage> = new Map<string, HandMessage>()
  #keys: KeyPair | undefined
  #reviewer: Reviewer | undefined

  static async open(options: DeskOptions = {}): Promise<Desk> {
    const desk = new Desk()
    desk.#keys = await desk.signer.generate()
    await desk.restart(options)
    return desk
  }

  get reviewer(): Reviewer {
    // Set by the first `restart`.
    return this.#reviewer!
  }

  /** The key pair of all reviewers here. */
  get keys(): KeyPair {
    // Set by the first `restart`.
    return this.#keys!
  }

  /** Closes the reviewer gracefully, as a deploy does: pending writes are stored. */
  async close(): Promise<void> {
    const closed = this.reviewer.close()
    await this.settle()
    await closed
  }

  /** Starts another process on the same store; links to the former one go nowhere. */
  async restart(options: DeskOptions = {}): Promise<void> {
    const { clock, random, signer, spaces, events } = this
    const made = createReviewer({
      ...options,
      space: DESK_SPACE,
      spaces: spaces.connect(),
      // Set above, or by an earlier start.
      keys: this.#keys!,
      signer,
      clock,
      random,
      onEvent: (event) => events.push(event),
    })
    made.catch(() => {}) // awaited below
    await this.settle()
    this.#reviewer = await made
  }

  /** Routes new links to that process, which may be an older one on the same store. */
  use(reviewer: Reviewer): void {
    this.#reviewer = reviewer
  }

  /** `token`: sent with each bind. */
  async author(personalId: string, token: string | null = null): Promise<HandAuthor> {
    const author = new HandAuthor(this, personalId, await this.signer.generate())
    author.token = token
    await author.connect()
    return author
  }

  /** Runs all due tasks and their follow-ups. */
  settle(): Promise<void> {
    return this.pass(100)
  }

  /** Advances the virtual time by `ms`. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms
    for (;;) {
      for (let turn = 0; turn < 400; turn++) await Promise.resolve()
      const next = this.clock.nextMs
      if (next === undefined || next > until) return
      this.clock.step()
    }
  }
}

/** One change of a scripted message; the rest is derived. */
export interface HandChange {
  readonly type: string
  readonly id: Uuid
  readonly kind: ChangeKind
  readonly values: Readonly<Record<string, Json>>
  readonly parents?: readonly HandMessage[]
  /** Default: 1. */
  readonly version?: number
  readonly sid?: Uuid
}

/** A message in a flush of its own, with its id. */
export interface HandMessage extends AuthoredMessage {
  readonly flush: Flush
}

/** Overrides of the values that are derived from the author and its session. */
export interface HandFacts {
  readonly clientSeq?: number
  readonly time?: number
  readonly seen?: Seen
  readonly expect?: readonly Expectation[]
  readonly session?: Partial<SessionFacts>
}

export class HandAuthor {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly ids: EntityIds
  /** All frames received from the reviewer, over all links, parsed. */
  readonly heard: ReviewerFrame[] = []
  onFrame: (frame: ReviewerFrame) => void = () => {}
  /** Sent bytes that the link reports as unread. */
  waitingBytes = 0
  /** What it gives to the reviewer's login. */
  token: string | null = null
  /** Whether it asks for its sessions to be kept. */
  keeps = false
  readonly #desk: Desk
  readonly #keys: KeyPair
  readonly #personalId: string
  readonly #salt: string
  #attached: Attached | undefined
  #clientSeq = 0
  /** The nonce of the current link. */
  #nonce = ''

  constructor(desk: Desk, personalId: string, keys: KeyPair) {
    this.#desk = desk
    this.#keys = keys
    this.#personalId = personalId
    this.sessionId = uuid4(desk.random.bytes(16))
    this.#salt = toBase64url(desk.random.bytes(16))
    this.authorId = whoamiId(keys.publicKey)
    this.ids = new EntityIds(DESK_SPACE, this.authorId, this.sessionId)
  }

  /** What its session line commits to. */
  get commit(): string {
    return personalCommit(DESK_SPACE, this.#personalId, this.#salt)
  }

  /** Another session under the same key, of any person. */
  withPerson(personalId: string, token: string | null): HandAuthor {
    const author = new HandAuthor(this.#desk, personalId, this.#keys)
    author.token = token
    return author
  }

  /** Opens a new link to the current reviewer, and binds this session. */
  async connect(): Promise<void> {
    this.greet()
    await this.#desk.settle()
    await this.bind(await this.opening())
  }

  /** Binds sessions over the current link, with the token. */
  async bind(...sessions: readonly ProvedOpening[]): Promise<void> {
    this.send(authorFrame('bind', { sessions, auth: this.token, keeps: this.keeps }))
    await this.#desk.settle()
  }

  /** Opens a new link without binding a session. */
  greet(): void {
    const { reviewer } = this.#desk
    const joiner = new FrameJoiner(LIMITS.reviewerFrameBytesMax)
    const waitingBytes = (): number => this.waitingBytes
    this.#attached = reviewer.connect(
      {
        get bufferedBytes() {
          return waitingBytes()
        },
        send: (carried) => {
          const joined = joiner.take(carried)
          if (joined.kind === 'malformed') throw new Error(`the reviewer sent ${joined.message}`)
          if (joined.kind === 'waiting') return
          const frame = parseReviewerFrame(joined.text)
          if (!frame.ok) throw new Error(`the reviewer sent ${frame.error.message}`)
          this.heard.push(frame.value)
          if (frame.value.kind === 'welcome') this.#nonce = frame.value.nonce
          this.onFrame(frame.value)
        },
        close: () => {},
      },
      { address: 'desk' },
    )
    this.send(
      authorFrame('hello', { v: WIRE_VERSION, space: DESK_SPACE, nonce: 'desk', position: null }),
    )
  }

  /** Closes the link, as a closed tab does. */
  leave(): void {
    this.leaver()()
  }

  /** Returns a function that closes the current link, even when there is a newer one by then. */
  leaver(): () => void {
    // Set by `greet`, which the test calls first.
    const link = this.#attached!
    return () => link.closed()
  }

  /** An opening of this session or another one, signed with this author's key in any case. */
  async opening(
    sessionId: Uuid = this.sessionId,
    authorId: Uuid = this.authorId,
  ): Promise<ProvedOpening> {
    const { publicKey } = this.#keys
    const grant = grantBytes(DESK_SPACE, authorId, { sessionId, commit: this.commit })
    const sig = await this.#desk.signer.sign(this.#keys, grant)
    const personalId = this.#personalId
    const proof = await this.proof(sessionId)
    return { authorId, publicKey, sessionId, personalId, salt: this.#salt, sig, proof }
  }

  /** The proof of a session by this key, for the current link, or for the link of another author. */
  proof(sessionId: Uuid, link: HandAuthor = this): Promise<string> {
    return this.#desk.signer.sign(this.#keys, bindBytes(DESK_SPACE, sessionId, link.#nonce))
  }

  send(frame: string): void {
    // Set by `greet`, which the test calls first.
    for (const carried of cutFrame(frame)) this.#attached!.frame(carried)
  }

  async follow(): Promise<void> {
    this.send(authorFrame('want', { have: null, pages: null }))
    await this.#desk.settle()
  }

  create(type: string, values: Readonly<Record<string, Json>>): HandMessage {
    return this.message([{ type, id: this.ids.next(), kind: 'create', values }])
  }

  /** A message that changes the first entity of `parents`. */
  change(
    parents: readonly HandMessage[],
    values: Readonly<Record<string, Json>>,
    kind: ChangeKind = 'update',
  ): HandMessage {
    // `parents` is not empty.
    const { shape, entityId } = parents[0]!.changes[0]!
    return this.message([{ type: shape.type, id: entityId, kind, values, parents }])
  }

  /** Creates a message in a flush of its own. `more` overrides derived values. */
  message(changes: readonly HandChange[], more: HandFacts = {}): HandMessage {
    const session = composeSession({ ...this.#sessionFacts, ...more.session })
    const clientSeq = more.clientSeq ?? ++this.#clientSeq
    const seen = changes.map(({ parents = [], id }) => this.#seenBy(parents, id))
    const own = seen.flatMap((each) => [...each]).filter((each) => isOf(each, session))
    const message = {
      clientSeq,
      time: more.time ?? this.#desk.clock.now(),
      changes: changes.map((change, i) => changeByHand(change, session, seen[i]!)),
      salts: this.#salts(changes.length === 1 ? 1 : changes.length + 1),
      ...(more.expect && { expect: more.expect }),
    }
    const made = flushByHand(session, {
      seen:
        more.seen ??
        seenOwn(
          clientSeq,
          own.map((each) => each.clientSeq),
        ),
      messages: [message],
    })
    // The flush has one message.
    const hand = { ...authoredIn(made, session)[0]!, flush: made }
    this.#desk.written.set(nameOf(hand), hand)
    return hand
  }

  /**
   * The same messages in one flush, with the ids that they have there: each has seen the ones before
   * it. The `seen` of the first applies to all.
   */
  together(...messages: readonly HandMessage[]): readonly HandMessage[] {
    // `messages` is not empty.
    const { session, seen } = messages[0]!
    const made = flushByHand(session, { seen, messages: messages.map(contentOf) })
    const all = authoredIn(made, session).map((message) => ({ ...message, flush: made }))
    for (const hand of all) this.#desk.written.set(nameOf(hand), hand)
    return all
  }

  #salts(count: number): readonly string[] {
    return Array.from({ length: count }, () => toBase64url(this.#desk.random.bytes(12)))
  }

  get #sessionFacts(): SessionFacts {
    const { authorId, sessionId } = this
    return { space: DESK_SPACE, authorId, sessionId, personalCommit: this.commit, eid: null }
  }

  /** These messages and all their ancestors that change the entity. */
  #seenBy(parents: readonly HandMessage[], entityId: Uuid): ReadonlySet<HandMessage> {
    const seen = new Set(parents)
    for (const message of seen) {
      const { session } = message
      const change = message.changes.find((each) => each.entityId === entityId)
      for (const name of change ? pendingIn(change.parents, session.facts.sessionId) : []) {
        const parent = this.#desk.written.get(numberName(name.sessionId, name.clientSeq))
        if (parent) seen.add(parent)
      }
    }
    return seen
  }

  /**
   * Sends the flush of each message, in order, in one turn of the reviewer, and waits until all
   * effects have happened.
   */
  async offer(...messages: readonly HandMessage[]): Promise<void> {
    const flushes = new Map(messages.map(({ flush, session }) => [flush, session]))
    for (const [flush, session] of flushes) this.offerFlush(session, flush, await this.seal(flush))
    await this.#desk.settle()
  }

  offerFlush({ line }: Session, { text }: Pick<Flush, 'text'>, sig: string): void {
    this.send(authorFrame('offer', { sig, rejections: null }, `${line}\n${textOfFlush(text)}`))
  }

  /** Signs a flush with this author's key. */
  seal({ hashes }: Pick<Flush, 'hashes'>): Promise<string> {
    return this.#desk.signer.sign(this.#keys, sealBytes(hashes))
  }

  /** The batches of all received tails, from the first of the space, without gaps. */
  batches(): readonly Batch[] {
    const found: Batch[] = []
    let before = { seq: 0, chain: '' }
    for (const frame of this.heard) {
      // A lineage has at least one epoch.
      if (frame.kind === 'welcome') before = { seq: 0, chain: frame.lineage[0]!.chain }
      if (frame.kind !== 'tail') continue
      for (const text of linesInParts(frame.texts, frame.batches) ?? []) {
        const batch = this.#read(text, before)
        found.push(batch)
        before = { seq: batch.throughSeq, chain: batch.chain }
      }
    }
    return found
  }

  #read(text: string, before: BatchContext['before']): Batch {
    const written = [...this.#desk.written.values()]
    const read = readBatch(text, {
      space: DESK_SPACE,
      before,
      sessions: [],
      own: (hash) =>
        written.find(
          ({ hash: known, session }) =>
            known === hash && session.facts.sessionId === this.sessionId,
        ),
    })
    if (!read.ok) throw new Error(`the reviewer sent a batch: ${read.error.message}`)
    return read.value
  }

  /** The last answer to a message: its acceptance, its rejection or a nack. */
  verdict({ id, clientSeq }: HandMessage): string | undefined {
    let found: string | undefined
    for (const frame of this.heard) {
      if (frame.kind === 'rejected') {
        const rejection = frame.rejections.find(({ msgId }) => msgId === id)
        if (rejection) found = rejection.reason
      } else if (frame.kind === 'nack') {
        if (frame.clientSeqs.includes(clientSeq)) found = `nack ${frame.reason}`
      } else if (frame.kind === 'accepted') {
        if (frame.reviews.some((review) => review.clientSeq === clientSeq)) found = 'accepted'
      }
    }
    return found
  }
}

/** A message without its id and flush. */
function contentOf({ clientSeq, time, changes, salts, expect }: HandMessage): Message {
  return { clientSeq, time, changes, salts, ...(expect && { expect }) }
}

function isOf(message: HandMessage, { facts }: Session): boolean {
  return message.session.facts.sessionId === facts.sessionId
}

function nameOf({ session, clientSeq }: HandMessage): string {
  return numberName(session.facts.sessionId, clientSeq)
}

function changeByHand(
  { type, id, kind, values, parents = [], version = 1, sid }: HandChange,
  { facts }: Session,
  seen: ReadonlySet<HandMessage>,
): Change {
  const regs = Object.keys(values).sort()
  const nameIn = ({ session, clientSeq }: HandMessage): MessageName => ({
    sessionId: session.facts.sessionId,
    clientSeq,
  })
  const named = namesOfSeen(facts.sessionId, {
    parents: parents.map(nameIn),
    seen: [...seen].map(nameIn),
  })
  return {
    shape: { type, kind, schemaVersion: version, regs },
    entityId: id,
    parents: named.parents,
    values: regs.map((reg) => values[reg]!),
    ...(named.own.length > 0 && { own: named.own }),
    ...(sid !== undefined && { sid }),
  }
}

/** A flush of any messages that can be encoded. Throws when they exceed a flush. */
export function flushByHand(
  session: Session,
  content: { readonly seen: Seen; readonly messages: readonly Message[] },
): Flush {
  const huge = { flushMessagesMax: 10_000, flushBytesMax: 2 ** 30, messageBytesMax: 2 ** 30 }
  const made = composeFlush(session, content, {
    ...FACT_BOUNDS,
    ...huge,
    messageChangesMax: 10_000,
  })
  if (!made.ok) throw new Error(made.error.message)
  return made.value
}
