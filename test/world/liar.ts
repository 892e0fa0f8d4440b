/**
 * Somebody who speaks the wire well and lies about keys, sessions and persons. Each lie has a link
 * of its own, named after it, and must be refused for its reason: what it offers is never accepted,
 * no session is bound by it, and no number of somebody else's is used up.
 */
import {
  type Change,
  EntityIds,
  type FinalReason,
  type Message,
  type MessageHeader,
  type SessionOpening,
  type Uuid,
  toBase64url,
  uuid4,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import {
  bindFrame,
  cutFrame,
  helloFrame,
  offerFrame,
  packMessages,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import { ProcessClock, SeededRandom, simSigner } from '@countersign/core/testing'
import {
  type SessionByHand,
  commitOf,
  messageByHand,
  newOpening,
  sealOf,
  signedOpening,
} from '../model/by-hand.ts'
import { Random } from '../model/random.ts'
import { Task } from './entities.ts'
import { LIES, type Lie, type Seal, type Telling, type Victim, lieAddress } from './lies.ts'
import type { Stage } from './stage.ts'
import { SPACE } from './truth.ts'

/** A link on which nothing was bound is ended by the reviewer after a while; others by the liar. */
const LINK_MS = 8_000

/** What it needs of the world beyond what everybody sees. */
export interface LiarStage extends Stage {
  /** For which reasons the reviewer may refuse a message. */
  allow(id: string, reasons: readonly FinalReason[]): void
}

export class Liar implements Telling {
  readonly random: Random
  readonly opening: SessionOpening
  readonly #stage: LiarStage
  readonly #bytes: SeededRandom
  readonly #process: ProcessClock
  readonly #session: SessionByHand
  #clientSeq = 0
  /** Of the own session: from its verdict on, the reviewer knows whose it is. */
  #refusedId: Uuid | undefined

  static async make(stage: LiarStage): Promise<Liar> {
    const bytes = new SeededRandom(stage.plan.seed + 2 ** 52)
    // Without a clock it signs at once: a lie is made before the link is there.
    const signer = simSigner({ random: bytes })
    const session = { space: SPACE, signer, keys: await signer.generate() }
    const opening = await signedOpening(session, newOpening(session.keys, 'person L', bytes))
    return new Liar(stage, bytes, session, opening)
  }

  private constructor(
    stage: LiarStage,
    bytes: SeededRandom,
    session: SessionByHand,
    opening: SessionOpening,
  ) {
    this.#stage = stage
    this.#bytes = bytes
    this.#session = session
    this.opening = opening
    this.random = new Random(stage.plan.seed + 2 ** 51)
    this.#process = new ProcessClock(stage.clock)
  }

  get isKnown(): boolean {
    // Of two reviewers one may not know yet what the other has stored.
    const isAlone = this.#stage.tally.get('fault: reviewerTwin') === 0
    const { refused } = this.#stage.truth
    return isAlone && this.#refusedId !== undefined && refused.has(this.#refusedId)
  }

  /** Says whether there was somebody to lie about. */
  act(): boolean {
    const victim = this.#victim()
    if (!victim) return false
    const lie = this.random.pick(LIES.filter(({ needsKnown }) => !needsKnown || this.isKnown))
    this.#stage.note('L', () => `lies: ${lie.name}`)
    void this.#tell(lie, victim)
    return true
  }

  // What lies are made of.

  newSession(): Uuid {
    return uuid4(this.#bytes.bytes(16))
  }

  /** An opening that is signed by the own key, whatever it says. */
  open(opening: SessionOpening): Promise<SessionOpening> {
    return signedOpening(this.#session, opening)
  }

  seal(messages: readonly Message[], authorId: Uuid): Promise<string> {
    return sealOf(this.#session, messages, authorId)
  }

  /** A creation in the own name and session, with what stands in `more` instead. */
  message(more: Partial<MessageHeader> = {}): Message {
    const { authorId, sessionId } = this.opening
    const facts = {
      space: SPACE,
      authorId,
      sessionId,
      clientSeq: more.clientSeq ?? ++this.#clientSeq,
      timestamp: this.#process.now(),
      personalCommit: commitOf(SPACE, this.opening),
      ...more,
    }
    return messageByHand(facts, [this.#create(facts)])
  }

  #create({ authorId, sessionId }: Pick<MessageHeader, 'authorId' | 'sessionId'>): Change {
    return {
      meta: {
        type: Task.name,
        entityId: new EntityIds(SPACE, authorId, sessionId).next(),
        kind: 'create',
        schemaVersion: 1,
        parentCanonicalIds: [],
        regs: ['done', 'points', 'title'],
      },
      values: [false, 0, 'a lie'],
      salt: toBase64url(this.#bytes.bytes(16)),
    }
  }

  /** Somebody who has written something, as everybody who listens on the wire knows them. */
  #victim(): Victim | undefined {
    const { accepted, openings } = this.#stage.truth
    if (accepted.length === 0) return undefined
    const { header } = this.random.pick(accepted).message
    const opening = openings.get(header.sessionId)
    return opening && { header, opening }
  }

  async #tell(lie: Lie, victim: Victim): Promise<void> {
    const { bind, offer } = await lie.make(this, victim)
    for (const { id } of offer?.messages ?? []) this.#offered(lie, id)
    const frames = bind ? [bindFrame([bind])] : []
    if (offer) frames.push(offerOf(offer))
    this.#send(lieAddress(lie), bind ? frames : [bindFrame([this.opening]), ...frames])
  }

  #offered(lie: Lie, id: Uuid): void {
    this.#stage.truth.lies.set(id, lie.name)
    this.#stage.allow(id, lie.reason ? [lie.reason] : [])
    if (lie.reason) this.#refusedId = id
  }

  /** Over a link of their own, once the reviewer has answered the greeting. */
  #send(address: string, frames: readonly string[]): void {
    const { wire, tally, plan } = this.#stage
    let isTold = false
    const link: Link = wire.transport(address, this.#process).connect({
      open: () => link.send(helloFrame(SPACE, null)),
      frame: (text) => {
        const heard = parseReviewerFrame(text)
        if (isTold || !heard.ok || heard.value.kind !== 'welcome') return
        isTold = true
        tally.hit('lie told')
        for (const frame of frames)
          for (const part of cutFrame(frame, plan.bounds.frameBytesMax)) link.send(part)
      },
      closed: () => {},
    })
    this.#process.after(LINK_MS, () => link.close())
  }
}

function offerOf({ messages, sig, publicKey }: Seal): string {
  return offerFrame(packMessages(messages), sig, publicKey)
}
