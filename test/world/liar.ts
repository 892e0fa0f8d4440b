/**
 * A client that sends well-formed frames and lies about keys, sessions, persons, and what it has read. Each
 * lie has a link of its own, named after it, and must be refused for its reason: what it offers is never
 * accepted, no session is bound by it, and no number of another author is used up.
 */
import {
  LIMITS,
  EntityIds,
  type FinalReason,
  type FlushText,
  type Message,
  type Session,
  type SessionOpening,
  type Uuid,
  WIRE_VERSION,
  chainPrefix,
  messageId,
  textOfFlush,
  uuid8,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  type ProvedOpening,
  authorFrame,
  cutFrame,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import { ProcessClock, SeededRandom, simSigner } from '@countersign/core/testing'
import {
  type SignerByHand,
  hashesOf,
  newOpening,
  offerOf,
  provedOpening,
  saltsFor,
  sealOf,
  sessionOf,
  signedOpening,
} from '../model/by-hand.ts'
import { Random } from '../model/random.ts'
import { OPEN_TYPES, Task } from './entities.ts'
import { LIES, type Lie, lieAddress } from './lies.ts'
import { TRESPASSES } from './trespasses.ts'
import type { Stage } from './stage.ts'
import {
  type CreationFacts,
  type Looked,
  type Sealed,
  type Telling,
  type UpdateFacts,
  type Victim,
  hashesOfLie,
} from './telling.ts'
import { SPACE } from './truth.ts'

/** A link on which nothing was bound is ended by the reviewer after a while; others by the liar. */
const LINK_MS = 8_000

/** The parts of the world that it uses beyond the stage. */
export interface LiarStage extends Stage {
  /** The reasons for which the reviewer may refuse a message. */
  allow(id: string, reasons: readonly FinalReason[]): void
}

export class Liar implements Telling {
  readonly random: Random
  readonly opening: SessionOpening
  readonly session: Session
  readonly #stage: LiarStage
  readonly #bytes: SeededRandom
  readonly #process: ProcessClock
  readonly #signer: SignerByHand
  #clientSeq = 0
  /** Of the own session: from its verdict on, the reviewer knows whose it is. */
  #refusedId: Uuid | undefined

  static async make(stage: LiarStage): Promise<Liar> {
    const bytes = new SeededRandom(stage.plan.seed + 2 ** 52)
    // Without a clock it signs at once: a lie is made before the link is there.
    const signer = simSigner({ random: bytes })
    const by = { space: SPACE, signer, keys: await signer.generate() }
    const opening = await signedOpening(by, newOpening(by.keys, 'person L', bytes))
    return new Liar(stage, bytes, by, opening)
  }

  private constructor(
    stage: LiarStage,
    bytes: SeededRandom,
    signer: SignerByHand,
    opening: SessionOpening,
  ) {
    this.#stage = stage
    this.#bytes = bytes
    this.#signer = signer
    this.opening = opening
    this.session = sessionOf(SPACE, opening)
    stage.truth.facts.liars.add(opening.sessionId)
    stage.truth.deviceOf.set(opening.sessionId, 'L')
    stage.logins?.noteAuthor(opening.authorId, opening.personalId)
    this.random = new Random(stage.plan.seed + 2 ** 51)
    this.#process = new ProcessClock(stage.clock)
  }

  get isKnown(): boolean {
    // Of two reviewers one may not know yet what the other has stored.
    const isAlone = this.#stage.tally.get('fault: reviewerTwin') === 0
    const { refused } = this.#stage.truth
    return isAlone && this.#refusedId !== undefined && refused.has(this.#refusedId)
  }

  /** Returns whether there was an author to lie about. */
  act(): boolean {
    const victim = this.#victim()
    if (!victim) return false
    // Few lies are about a session that the reviewer knows, and it seldom knows one of a liar.
    const isOfKnown = !this.#stage.plan.trespasses && this.isKnown && this.random.chance(0.3)
    const { logins, plan } = this.#stage
    const lies = (plan.trespasses ? TRESPASSES : LIES).filter(
      ({ needsKnown = false, needsLogin = false }) =>
        needsKnown === isOfKnown && (logins !== undefined || !needsLogin),
    )
    const lie = this.random.pick(lies)
    this.#stage.note('L', () => `lies: ${lie.name}`)
    void this.#tell(lie, victim)
    return true
  }

  // The parts of lies.

  get read(): Telling['read'] {
    const { truth } = this.#stage
    const { seq } = truth
    return { eid: truth.eid!, seq, chain: chainPrefix(truth.chainAt.get(seq)!) }
  }

  get flushMessagesMax(): number {
    return this.#stage.plan.bounds.flushMessagesMax ?? LIMITS.flushMessagesMax
  }

  looked(): Looked | undefined {
    const { truth } = this.#stage
    const rows = [...truth.facts.entities()].flatMap((history): Looked[] => {
      const mask = history.acceptedAt(truth.seq)
      if (mask === 0n || !OPEN_TYPES.some(({ name }) => name === history.type)) return []
      const { heads: ids } = history.expected(mask)
      const accepted = history.within(mask)
      const seqs = (isHead: boolean): number[] =>
        accepted.filter(({ message }) => ids.includes(message.id) === isHead).map(({ seq }) => seq!)
      const [heads, others] = [seqs(true), seqs(false)]
      const { type, id: entityId } = history
      return heads.length > 1 || others.length > 0 ? [{ type, entityId, heads, others }] : []
    })
    return rows.length > 0 ? this.random.pick(rows) : undefined
  }

  bytes(count: number): Uint8Array {
    return this.#bytes.bytes(count)
  }

  /** An opening with any content, signed by the own key. */
  open(opening: SessionOpening): Promise<SessionOpening> {
    return signedOpening(this.#signer, opening)
  }

  seal(session: Pick<Session, 'line'>, text: FlushText): Promise<string> {
    return sealOf(this.#signer, { hashes: hashesOf(session, text) })
  }

  next(): number {
    return ++this.#clientSeq
  }

  creation(
    clientSeq: number,
    { session = this.session, rows = 1, title = 'a lie', time, ids: of }: CreationFacts = {},
  ): Message {
    const { authorId, sessionId } = of ?? session.facts
    const ids = new EntityIds(SPACE, authorId, sessionId)
    // Of messages that are accepted, ids must differ.
    for (let used = 0; used < clientSeq * 2; used++) ids.next()
    const regs = ['done', 'points', 'title']
    const shape = { type: Task.name, kind: 'create', schemaVersion: 1, regs } as const
    const changes = Array.from({ length: rows }, () => ({
      shape,
      entityId: ids.next(),
      parents: { canonical: [], own: [], others: [] },
      values: [false, 0, title],
    }))
    const salts = saltsFor(changes, (count) => this.bytes(count))
    return { clientSeq, time: time ?? this.#process.now(), changes, salts }
  }

  publication(clientSeq: number): Message {
    const regs = ['chain', 'number', 'revision', 'type']
    const change = {
      shape: { type: '$schema', kind: 'create', schemaVersion: 1, regs },
      entityId: uuid8(this.bytes(32)),
      parents: { canonical: [], own: [], others: [] },
      values: [{}, 9, 0, Task.name],
    } as const
    const salts = saltsFor([change], (count) => this.bytes(count))
    return { clientSeq, time: this.#process.now(), changes: [change], salts }
  }

  update(
    clientSeq: number,
    { type = Task.name, entityId, own = [], canonical = [], cut, kind = 'update' }: UpdateFacts,
  ): Message {
    const regs = ['$archived']
    const change = {
      shape: { type, kind, schemaVersion: 1, regs },
      entityId,
      parents: { canonical, own, others: [] },
      values: [true],
      ...(cut !== undefined && { cut }),
    } as const
    const salts = saltsFor([change], (count) => this.bytes(count))
    return { clientSeq, time: this.#process.now(), changes: [change], salts }
  }

  /** An author with messages, as far as the wire shows. */
  #victim(): Victim | undefined {
    const { accepted, openings } = this.#stage.truth
    if (accepted.length === 0) return undefined
    const { session, clientSeq } = this.random.pick(accepted).message
    const opening = openings.get(session.facts.sessionId)
    return opening && { session: session.facts, clientSeq, opening }
  }

  async #tell(lie: Lie, victim: Victim): Promise<void> {
    const told = await lie.make(this, victim)
    if (!told) return
    const { bind = this.opening, isProved = false, offer, person = bind.personalId, may } = told
    const { logins } = this.#stage
    const auth = person === null ? null : (logins?.tokenOf(person, undefined, may) ?? null)
    if (offer) this.#offered(lie, offer)
    // It may be accepted, or come second.
    if (told.before)
      this.#stage.truth.learnText(`${told.before.session.line}\n${textOfFlush(told.before.text)}`)
    const frames = [told.before, offer].flatMap((one) =>
      one ? [offerOf(one.session, one, one.sig)] : [],
    )
    const proved = (nonce: string): Promise<ProvedOpening> =>
      isProved ? Promise.resolve(bind as ProvedOpening) : provedOpening(this.#signer, bind, nonce)
    this.#send(lieAddress(lie), { proved, auth }, frames)
  }

  #offered(lie: Lie, offer: Sealed): void {
    for (const hash of hashesOfLie(offer)) {
      const id: Uuid = messageId(hash)
      this.#stage.truth.lies.set(id, lie)
      this.#stage.allow(
        id,
        [lie.reason, lie.otherwise].filter((each) => each !== undefined),
      )
      if (lie.reason) this.#refusedId = id
    }
  }

  /** Over a link of their own: the opening when it is greeted, the rest when that is answered. */
  #send(
    address: string,
    {
      proved,
      auth,
    }: { readonly proved: (nonce: string) => Promise<ProvedOpening>; readonly auth: string | null },
    frames: readonly string[],
  ): void {
    const { wire, tally, plan } = this.#stage
    let isBinding = false
    let isTold = false
    const link: Link = wire.transport(address, this.#process).connect({
      open: () =>
        link.send(
          authorFrame('hello', { v: WIRE_VERSION, space: SPACE, nonce: 'liar', position: null }),
        ),
      frame: (text) => {
        const heard = parseReviewerFrame(text)
        if (!heard.ok) return
        if (heard.value.kind === 'welcome' && !isBinding) {
          isBinding = true
          tally.hit('lie told')
          void proved(heard.value.nonce).then((opening) =>
            link.send(authorFrame('bind', { sessions: [opening], auth, keeps: false })),
          )
        }
        if (heard.value.kind !== 'bound' || isTold) return
        isTold = true
        for (const frame of frames)
          for (const part of cutFrame(frame, plan.bounds.frameBytesMax)) link.send(part)
      },
      closed: () => {},
    })
    this.#process.after(LINK_MS, () => link.close())
  }
}
