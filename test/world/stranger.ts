/**
 * An author who uses the wire directly, without the store, and writes messages that a store would never
 * write: on parents that were overwritten long ago, keeping some candidates of a conflict, resolving,
 * expecting heads, creating rows that exist, using a number twice, naming a parent that was not sent yet.
 * All that it sends is well formed, so each message must get a verdict that the protocol allows.
 */
import {
  type AuthoredMessage,
  EntityIds,
  type FinalReason,
  type Session,
  type SessionOpening,
  WIRE_VERSION,
  toBase64url,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import { authorFrame, cutFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { ProcessClock, type SeededRandom, simSigner } from '@countersign/core/testing'
import {
  type SignerByHand,
  newOpening,
  provedOpening,
  sealedOffer,
  sessionOf,
  signedOpening,
} from '../model/by-hand.ts'
import { Random } from '../model/random.ts'
import type { RealValues } from '../model/real-values.ts'
import type { Stage } from './stage.ts'
import { FlushesByHand, type StrangeDraft, type StrangeFlush } from './strange-flush.ts'
import type { Strange, Writing } from './strange-messages.ts'
import { SPACE, type Truth } from './truth.ts'

const TICK_MS = 3_000
/** Of one flush between two offers. */
const PAUSE_MAX_MS = 120_000
/** Without a frame for this long, while it waits for answers, it closes its link. */
const SILENCE_MS = 12_000
const FLUSH_MESSAGES_MAX = 4
/** So many of its links ask for the whole space, or a long world of short logins would do little else. */
const READS_MAX = 40
/** Now and then it writes several things at once. */
const AT_ONCE_MAX = 3

/** The parts of the world that it uses beyond the stage. */
export interface StrangerStage extends Stage {
  /** Called with the reasons for which the reviewer may refuse a message. */
  allow(id: string, reasons: readonly FinalReason[]): void
}

export interface StrangerParts {
  readonly random: Random
  readonly real: RealValues | undefined
  readonly bytes: SeededRandom
  /** What it writes next. */
  readonly writes: (author: Writing) => readonly Strange[]
}

/**
 * A flush, and when to offer it again. Each pause is twice the one before until an answer comes: a
 * reviewer that is slower than its authors must not be kept busy by their repetitions.
 */
interface Written extends StrangeFlush {
  pauseMs: number
  dueMs: number
}

export class Stranger implements Writing {
  readonly name: string
  readonly random: Random
  readonly real: RealValues | undefined
  readonly entityIds: EntityIds
  readonly #stage: StrangerStage
  readonly #bytes: SeededRandom
  readonly #process: ProcessClock
  readonly #signer: SignerByHand
  readonly #opening: SessionOpening
  readonly #session: Session
  readonly #writes: StrangerParts['writes']
  readonly #flushes: FlushesByHand
  readonly #written: Written[] = []
  /** How long each of its logins lives, in ms; undefined: it has none, or one without end. */
  readonly #loginMs: number | undefined
  #link: Link | undefined
  #isBound = false
  #heardMs = 0
  #reads = 0
  #clientSeq = 0

  static async make(
    stage: StrangerStage,
    name: string,
    { random, real, bytes, writes }: StrangerParts,
  ): Promise<Stranger> {
    const signer = simSigner({ random: bytes })
    const keys = await signer.generate()
    const by = { space: SPACE, signer, keys }
    const opening = await signedOpening(by, newOpening(keys, `person ${name}`, bytes))
    return new Stranger(stage, name, { random, real, bytes, writes, signer: by, opening })
  }

  private constructor(
    stage: StrangerStage,
    name: string,
    parts: StrangerParts & {
      readonly signer: SignerByHand
      readonly opening: SessionOpening
    },
  ) {
    this.#stage = stage
    this.name = name
    this.random = parts.random
    this.real = parts.real
    this.#bytes = parts.bytes
    this.#writes = parts.writes
    this.#signer = parts.signer
    this.#opening = parts.opening
    this.#session = sessionOf(SPACE, parts.opening)
    const most = stage.plan.bounds.flushMessagesMax ?? FLUSH_MESSAGES_MAX
    this.#flushes = new FlushesByHand(
      stage.truth,
      this.#session,
      Math.min(most, FLUSH_MESSAGES_MAX),
    )
    this.entityIds = new EntityIds(SPACE, parts.opening.authorId, parts.opening.sessionId)
    this.#process = new ProcessClock(stage.clock)
    // Chance of its own, so that the rest of a world does not depend on it.
    const chance = new Random(stage.plan.seed + 2 ** 29)
    this.#loginMs = stage.logins && chance.pick([undefined, 2_000, 20_000])
    stage.truth.deviceOf.set(parts.opening.sessionId, name)
    stage.logins?.noteAuthor(parts.opening.authorId, parts.opening.personalId)
    this.#connect()
    this.#tick()
  }

  get latePart(): number {
    return this.#stage.plan.isLate ? 0.9 : 0.5
  }

  get goesOn(): boolean {
    return this.#stage.plan.goesOn
  }

  get truth(): Truth {
    return this.#stage.truth
  }

  /** Messages without a verdict. */
  get open(): readonly AuthoredMessage[] {
    return this.#written.flatMap(({ messages }) => messages.filter((each) => this.#isOpen(each)))
  }

  get #waiting(): readonly Written[] {
    return this.#written.filter(({ messages }) => messages.some((each) => this.#isOpen(each)))
  }

  get #isCrammed(): boolean {
    const { inFlightMessagesMax, waitingMessagesMax } = this.#stage.plan.bounds
    return inFlightMessagesMax !== undefined || waitingMessagesMax !== undefined
  }

  #isOpen({ id }: AuthoredMessage): boolean {
    return this.truth.facts.get(id)?.seq === undefined && !this.truth.refused.has(id)
  }

  /** Writes something strange, and offers it when it can. */
  act(): void {
    const times = this.random.chance(0.3) ? this.random.between(2, AT_ONCE_MAX) : 1
    const strange = Array.from({ length: times }, () => this.#writes(this)).flat()
    for (const flush of this.#flushes.of(strange.map(({ message }) => message))) {
      this.#written.push({ ...flush, pauseMs: TICK_MS, dueMs: -Infinity })
      for (const message of flush.messages) {
        const { id } = message
        const of = strange.filter((each) => each.message.salts === message.salts)
        this.#stage.allow(id, of[0]!.allowed)
        this.#stage.note(this.name, () => `writes ${id.slice(0, 8)} ${describe(message)}`)
      }
    }
    this.#offer()
  }

  message(
    changes: StrangeDraft['changes'],
    more: Partial<Pick<StrangeDraft, 'clientSeq' | 'expect' | 'read'>> = {},
  ): StrangeDraft {
    const lines = changes.length === 1 ? 1 : changes.length + 1
    const salts = Array.from({ length: lines }, () => toBase64url(this.#bytes.bytes(12)))
    const clientSeq = more.clientSeq ?? ++this.#clientSeq
    return { ...more, clientSeq, time: this.#process.now(), changes, salts }
  }

  #connect(): void {
    this.#isBound = false
    this.#heardMs = this.#process.monotonic()
    this.#link = this.#stage.wire.transport(this.name, this.#process).connect({
      open: () => this.#hello(),
      frame: (text) => this.#heard(text),
      closed: () => (this.#link = undefined),
    })
  }

  #hello(): void {
    this.#link!.send(
      authorFrame('hello', { v: WIRE_VERSION, space: SPACE, nonce: this.name, position: null }),
    )
  }

  #heard(text: string): void {
    this.#heardMs = this.#process.monotonic()
    const frame = parseReviewerFrame(text)
    if (!frame.ok) return
    if (frame.value.kind === 'welcome') void this.#greet(frame.value.nonce)
    if (frame.value.kind === 'nack') this.#nacked(frame.value)
    if (frame.value.kind !== 'bound') return
    this.#isBound = true
    // Unlike a store it stays when its login ends: then nothing more may be sent to it.
    if (this.#loginMs !== undefined && this.#reads++ < READS_MAX)
      this.#link?.send(authorFrame('want', { have: null, pages: null }))
    // Answers to what was offered over another link are lost.
    for (const written of this.#written) written.dueMs = -Infinity
    this.#offer()
  }

  #nacked({ reason, clientSeqs }: { reason: string; clientSeqs: readonly number[] }): void {
    if (reason === 'not_bound') this.#isBound = false
    for (const written of this.#written) {
      if (!written.messages.some(({ clientSeq }) => clientSeqs.includes(clientSeq))) continue
      written.pauseMs = TICK_MS
      written.dueMs = this.#process.monotonic() + TICK_MS
    }
  }

  /** Sometimes it offers before it has bound a session. */
  async #greet(nonce: string): Promise<void> {
    if (this.#written.length === 0 && this.random.chance(0.15)) {
      this.act()
      await this.#offerDue()
    }
    const link = this.#link
    const opening = await provedOpening(this.#signer, this.#opening, nonce)
    link?.send(authorFrame('bind', { sessions: [opening], auth: this.#token(), keeps: false }))
  }

  #token(): string | null {
    const { logins } = this.#stage
    const { personalId } = this.#opening
    if (!logins) return null
    const livesMs = this.#loginMs
    return livesMs === undefined
      ? logins.tokenOf(personalId)
      : logins.shortTokenOf(personalId, livesMs)
  }

  #tick(): void {
    this.#process.after(TICK_MS, () => {
      const patienceMs = Math.max(TICK_MS, ...this.#waiting.map(({ pauseMs }) => pauseMs))
      if (this.#process.monotonic() - this.#heardMs > SILENCE_MS + patienceMs) {
        this.#link?.close()
        this.#link = undefined
      }
      if (!this.#link) this.#connect()
      else if (!this.#isBound) this.#hello()
      else this.#offer()
      this.#tick()
    })
  }

  #offer(): void {
    if (this.#isBound) void this.#offerDue()
  }

  /** Offers messages without a verdict that were not offered lately, and now and then one that has a verdict. */
  async #offerDue(): Promise<void> {
    const now = this.#process.monotonic()
    const all = this.#waiting.filter(({ dueMs }) => dueMs <= now)
    if (all.length === 0) return
    // Where little may wait, all at once would be nacked as busy for ever, each time the same ones.
    const due = this.#isCrammed ? [this.random.pick(all)] : all
    for (const written of due) {
      written.dueMs = now + written.pauseMs
      written.pauseMs = Math.min(written.pauseMs * 2, PAUSE_MAX_MS)
    }
    const offers = this.random.chance(0.1) ? [...due, this.random.pick(this.#written)] : due
    await Promise.all(offers.map((flush) => this.#send(flush)))
  }

  async #send({ session, flush }: StrangeFlush): Promise<void> {
    const offer = await sealedOffer(this.#signer, session, flush)
    const { frameBytesMax } = this.#stage.plan.bounds
    for (const frame of cutFrame(offer, frameBytesMax)) this.#link?.send(frame)
  }
}

export type Allowed = readonly FinalReason[]

function describe({ changes, clientSeq, seen }: AuthoredMessage): string {
  const parts = changes.map(({ shape }) => `${shape.kind} ${shape.regs.join('+')}`)
  return `#${clientSeq} ${parts.join(', ')} at ${seen.seq}`
}
