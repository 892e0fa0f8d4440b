/**
 * A reviewer on a simulated store, and authors led by hand: every message, offer and frame is
 * the test's own, nothing happens by itself. For rules about single verdicts and frames; lives
 * of whole replicas are the business of the simulated world.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import { type Uuid, uuid4 } from '../base/uuid.ts'
import {
  EntityIds,
  grantBytes,
  identify,
  leafHash,
  personalCommit,
  sealBytes,
  whoamiId,
} from '../message/ids.ts'
import { LIMITS } from '../message/limits.ts'
import {
  type Change,
  type ChangeKind,
  type Message,
  type MessageHeader,
  type SessionOpening,
  WIRE_VERSION,
} from '../message/message.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import {
  type ReviewerFrame,
  bindFrame,
  helloFrame,
  offerFrame,
  parseReviewerFrame,
  wantFrame,
} from '../protocol/frames.ts'
import { packMessages } from '../protocol/pack.ts'
import { FrameJoiner, cutFrame } from '../protocol/parts.ts'
import type { Attached, Reviewer, ReviewerEvent, ReviewerOptions } from '../reviewer/api.ts'
import { createReviewer } from '../reviewer/reviewer.ts'
import { FaultyStore } from './faulty-store.ts'
import { seenNothing, spansNaming } from './exact-seen.ts'
import { SeededRandom } from './seeded-random.ts'
import { simSigner } from './sim-signer.ts'
import { VirtualClock } from './virtual-clock.ts'

export const DESK_SPACE: Uuid = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'

export type DeskOptions = Pick<ReviewerOptions, 'entities' | 'rules' | 'assign' | 'limits'>

export class Desk {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: SeededRandom = new SeededRandom(7)
  readonly signer: Signer = simSigner({ random: this.random })
  readonly store: FaultyStore = new FaultyStore({ clock: this.clock })
  readonly events: ReviewerEvent[] = []
  /** Everything that was written here, by id. */
  readonly written: Map<Uuid, Message> = new Map<Uuid, Message>()
  #keys: KeyPair | undefined
  #reviewer: Reviewer | undefined

  static async open(options: DeskOptions = {}): Promise<Desk> {
    const desk = new Desk()
    desk.#keys = await desk.signer.generate()
    await desk.restart(options)
    return desk
  }

  get reviewer(): Reviewer {
    return this.#reviewer!
  }

  /** Another process on the same store; links to the former one lead nowhere. */
  async restart(options: DeskOptions = {}): Promise<void> {
    const { clock, random, signer, store, events } = this
    const made = createReviewer({
      ...options,
      space: DESK_SPACE,
      store: store.open(),
      keys: this.#keys!,
      signer,
      clock,
      random,
      onEvent: (event) => events.push(event),
    })
    made.catch(() => {}) // heard below
    await this.settle()
    this.#reviewer = await made
  }

  /** From now on links lead to that process, which may be an older one on the same store. */
  use(reviewer: Reviewer): void {
    this.#reviewer = reviewer
  }

  async author(personalId: string): Promise<HandAuthor> {
    const author = new HandAuthor(this, personalId, await this.signer.generate())
    await author.connect()
    return author
  }

  /** Lets everything happen that is due, and what comes of it. */
  settle(): Promise<void> {
    return this.pass(100)
  }

  /** Lets that much time pass. */
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

/** What a test says of one change; the rest follows. */
export interface HandChange {
  readonly type: string
  readonly id: Uuid
  readonly kind: ChangeKind
  readonly values: Readonly<Record<string, Json>>
  readonly parents?: readonly Message[]
  /** Default: 1. */
  readonly version?: number
  readonly sid?: Uuid
}

export class HandAuthor {
  readonly sessionId: Uuid
  readonly authorId: Uuid
  readonly ids: EntityIds
  /** Everything the reviewer said over all links, parsed. */
  readonly heard: ReviewerFrame[] = []
  onFrame: (frame: ReviewerFrame) => void = () => {}
  readonly #desk: Desk
  readonly #keys: KeyPair
  readonly #personalId: string
  readonly #salt: string
  #attached: Attached | undefined
  #clientSeq = 0

  constructor(desk: Desk, personalId: string, keys: KeyPair) {
    this.#desk = desk
    this.#keys = keys
    this.#personalId = personalId
    this.sessionId = uuid4(desk.random.bytes(16))
    this.#salt = toBase64url(desk.random.bytes(16))
    this.authorId = whoamiId(keys.publicKey)
    this.ids = new EntityIds(DESK_SPACE, this.authorId, this.sessionId)
  }

  get #commit(): string {
    return personalCommit(DESK_SPACE, this.#personalId, this.#salt)
  }

  /** A new link to the reviewer of now, for this session. */
  async connect(): Promise<void> {
    this.greet()
    this.send(bindFrame([await this.opening()]))
    await this.#desk.settle()
  }

  /** A new link on which nothing is bound. */
  greet(): void {
    const { reviewer } = this.#desk
    const joiner = new FrameJoiner(LIMITS.reviewerFrameBytesMax)
    this.#attached = reviewer.connect(
      {
        send: (carried) => {
          const joined = joiner.take(carried)
          if (joined.kind === 'malformed') throw new Error(`the reviewer sent ${joined.message}`)
          if (joined.kind === 'waiting') return
          const frame = parseReviewerFrame(joined.text)
          if (!frame.ok) throw new Error(`the reviewer sent ${frame.error.message}`)
          this.heard.push(frame.value)
          this.onFrame(frame.value)
        },
        close: () => {},
      },
      { address: 'desk', auth: undefined },
    )
    this.send(helloFrame(DESK_SPACE, null))
  }

  /** Ends the link, as a closed tab does. */
  leave(): void {
    this.leaver()()
  }

  /** Ends the link of now, whatever link there is then. */
  leaver(): () => void {
    const link = this.#attached!
    return () => link.closed()
  }

  /** What proves a session, this one or another; whoever is named in it, this key has signed it. */
  async opening(
    sessionId: Uuid = this.sessionId,
    authorId: Uuid = this.authorId,
  ): Promise<SessionOpening> {
    const { publicKey } = this.#keys
    const grant = grantBytes(DESK_SPACE, authorId, { sessionId, commit: this.#commit })
    const sig = await this.#desk.signer.sign(this.#keys, grant)
    const personalId = this.#personalId
    return { authorId, publicKey, sessionId, personalId, salt: this.#salt, sig }
  }

  send(frame: string): void {
    for (const carried of cutFrame(frame)) this.#attached!.frame(carried)
  }

  async follow(): Promise<void> {
    this.send(wantFrame(null))
    await this.#desk.settle()
  }

  create(type: string, values: Readonly<Record<string, Json>>): Message {
    return this.message([{ type, id: this.ids.next(), kind: 'create', values }])
  }

  /** A change of the first entity of these messages, which are its parents. */
  change(
    parents: readonly Message[],
    values: Readonly<Record<string, Json>>,
    kind: ChangeKind = 'update',
  ): Message {
    const { type, entityId } = parents[0]!.changes[0]!.meta
    return this.message([{ type, id: entityId, kind, values, parents }])
  }

  /** `more` takes the place of what follows from the author and its session. */
  message(changes: readonly HandChange[], more: Partial<MessageHeader> = {}): Message {
    const made = changes.map((change) => this.#change(change))
    const clientSeq = more.clientSeq ?? ++this.#clientSeq
    const header: MessageHeader = {
      v: WIRE_VERSION,
      space: DESK_SPACE,
      authorId: this.authorId,
      sessionId: this.sessionId,
      clientSeq,
      seen: seenNothing(clientSeq),
      timestamp: this.#desk.clock.now(),
      personalCommit: this.#commit,
      leaves: made.map(leafHash),
      ...more,
    }
    const message = { ...identify(header), header, changes: made }
    this.#desk.written.set(message.id, message)
    return message
  }

  /** These messages and all that they stand on, as far as they change the entity. */
  #seenBy(parents: readonly Message[], entityId: Uuid): ReadonlySet<Message> {
    const seen = new Set(parents)
    for (const message of seen) {
      const change = message.changes.find((each) => each?.meta.entityId === entityId)
      for (const id of change?.meta.parentCanonicalIds ?? []) {
        const parent = this.#desk.written.get(id)
        if (parent) seen.add(parent)
      }
    }
    return seen
  }

  /** Offers these as one flush, and waits until all that comes of it has happened. */
  async offer(...messages: readonly Message[]): Promise<void> {
    const { sig, publicKey } = await this.seal(messages)
    this.send(offerFrame(packMessages(messages), sig, publicKey))
    await this.#desk.settle()
  }

  /** The seal of this author's key on messages of `authorId`. */
  async seal(
    messages: readonly Message[],
    authorId: Uuid = this.authorId,
  ): Promise<{ readonly sig: string; readonly publicKey: string }> {
    const hashes = messages.map(({ hash }) => hash)
    const sig = await this.#desk.signer.sign(this.#keys, sealBytes(DESK_SPACE, authorId, hashes))
    return { sig, publicKey: this.#keys.publicKey }
  }

  /** What was heard of a message last: its acceptance, its rejection or a nack. */
  verdict({ id, header }: Message): string | undefined {
    let found: string | undefined
    for (const frame of this.heard) {
      if (frame.kind === 'rejected') {
        const rejection = frame.rejections.find(({ msgId }) => msgId === id)
        if (rejection) found = rejection.reason
      } else if (frame.kind === 'nack') {
        if (frame.clientSeqs.includes(header.clientSeq)) found = `nack ${frame.reason}`
      } else if (frame.kind === 'accepted') {
        if (frame.reviews.some(([seq]) => seq === header.clientSeq)) found = 'accepted'
      }
    }
    return found
  }

  #change({ type, id, kind, values, parents = [], version = 1, sid }: HandChange): Change {
    const regs = Object.keys(values).sort()
    const own = spansNaming([...this.#seenBy(parents, id)].map(({ header }) => header))
    const meta = {
      type,
      entityId: id,
      ...(sid !== undefined && { sid }),
      kind,
      schemaVersion: version,
      parentCanonicalIds: parents.map((parent) => parent.id).sort(),
      ...(own && { own }),
      regs,
    }
    const salt = toBase64url(this.#desk.random.bytes(16))
    return { meta, values: regs.map((reg) => values[reg]!), salt }
  }
}
