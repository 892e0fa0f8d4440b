/**
 * An author who speaks the wire by hand, past the store, which would never write such things:
 * on parents long overtaken, keeping some of a conflict, deciding (`resolve`), expecting heads,
 * creating what exists, using a number twice, naming a parent that is not there yet. Everything
 * it sends is well formed, so each message must get a verdict that the protocol allows.
 */
import {
  type Change,
  EntityIds,
  type FinalReason,
  type Json,
  type Message,
  type MessageHeader,
  type SessionOpening,
  toBase64url,
} from '@countersign/core/message'
import type { Link } from '@countersign/core/ports'
import { bindFrame, cutFrame, helloFrame, parseReviewerFrame } from '@countersign/core/protocol'
import { ProcessClock, type SeededRandom, simSigner, spansNaming } from '@countersign/core/testing'
import {
  type SessionByHand,
  commitOf,
  messageByHand,
  newOpening,
  sealedOffer,
  signedOpening,
} from '../model/by-hand.ts'
import type { Random } from '../model/random.ts'
import type { RealValues } from '../model/real-values.ts'
import type { Stage } from './stage.ts'
import type { Strange, Writing } from './strange-messages.ts'
import { SPACE, type Truth } from './truth.ts'

const TICK_MS = 3_000
/** Without a word for this long it takes its link for dead. */
const SILENCE_MS = 12_000
const OFFER_MESSAGES_MAX = 4

/** What it needs of the world beyond what everybody sees. */
export interface StrangerStage extends Stage {
  /** For which reasons the reviewer may refuse a message. */
  allow(id: string, reasons: readonly FinalReason[]): void
}

export interface StrangerParts {
  readonly random: Random
  readonly real: RealValues | undefined
  readonly bytes: SeededRandom
  /** What it writes next. */
  readonly writes: (author: Writing) => readonly Strange[]
}

export class Stranger implements Writing {
  readonly name: string
  readonly random: Random
  readonly real: RealValues | undefined
  readonly entityIds: EntityIds
  readonly #stage: StrangerStage
  readonly #bytes: SeededRandom
  readonly #process: ProcessClock
  readonly #session: SessionByHand
  readonly #opening: SessionOpening
  readonly #commit: string
  readonly #writes: StrangerParts['writes']
  readonly #written: Message[] = []
  readonly #made: Message[] = []
  #link: Link | undefined
  #isBound = false
  #heardMs = 0
  #clientSeq = 0

  static async make(
    stage: StrangerStage,
    name: string,
    { random, real, bytes, writes }: StrangerParts,
  ): Promise<Stranger> {
    const signer = simSigner({ random: bytes })
    const keys = await signer.generate()
    const session = { space: SPACE, signer, keys }
    const opening = await signedOpening(session, newOpening(keys, `person ${name}`, bytes))
    return new Stranger(stage, name, { random, real, bytes, writes, session, opening })
  }

  private constructor(
    stage: StrangerStage,
    name: string,
    parts: StrangerParts & {
      readonly session: SessionByHand
      readonly opening: SessionOpening
    },
  ) {
    this.#stage = stage
    this.name = name
    this.random = parts.random
    this.real = parts.real
    this.#bytes = parts.bytes
    this.#writes = parts.writes
    this.#session = parts.session
    this.#opening = parts.opening
    this.#commit = commitOf(SPACE, parts.opening)
    this.entityIds = new EntityIds(SPACE, parts.opening.authorId, parts.opening.sessionId)
    this.#process = new ProcessClock(stage.clock)
    stage.truth.deviceOf.set(parts.opening.sessionId, name)
    this.#connect()
    this.#tick()
  }

  get latePart(): number {
    return this.#stage.plan.isLate ? 0.9 : 0.5
  }

  get truth(): Truth {
    return this.#stage.truth
  }

  /** Messages without a verdict. */
  get open(): readonly Message[] {
    return this.#written.filter(
      ({ id }) => this.truth.facts.get(id)?.seq === undefined && !this.truth.refused.has(id),
    )
  }

  /** Writes something strange, and offers it when it can. */
  act(): void {
    for (const { message, allowed } of this.#writes(this)) {
      this.#stage.allow(message.id, allowed)
      this.#written.push(message)
      this.#stage.note(this.name, () => `writes ${message.id.slice(0, 8)} ${describe(message)}`)
    }
    this.#offer()
  }

  /** A message of this session. Without a number of its own it has the next one. */
  message(
    changes: readonly Change[],
    more: { clientSeq?: number; expect?: MessageHeader['expect'] } = {},
  ): Message {
    const { authorId, sessionId } = this.#opening
    const facts = {
      space: SPACE,
      authorId,
      sessionId,
      clientSeq: more.clientSeq ?? ++this.#clientSeq,
      timestamp: this.#process.now(),
      personalCommit: this.#commit,
      ...(more.expect && { expect: more.expect }),
    }
    const message = messageByHand(facts, changes)
    this.#made.push(message)
    return message
  }

  change(
    meta: Omit<Change['meta'], 'schemaVersion' | 'regs'>,
    set: Readonly<Record<string, Json>>,
  ): Change {
    const regs = Object.keys(set).sort()
    const own = this.#seenBy(meta)
    return {
      meta: { ...meta, ...(own && { own }), schemaVersion: 1, regs },
      values: regs.map((reg) => set[reg]!),
      salt: toBase64url(this.#bytes.bytes(16)),
    }
  }

  /** All that its parents stand on, by name: strangers write on any moment of the past. */
  #seenBy({
    entityId,
    parentCanonicalIds,
  }: Pick<Change['meta'], 'entityId' | 'parentCanonicalIds'>): Change['meta']['own'] {
    const history = this.truth.history(entityId)
    const mask = history?.closure(parentCanonicalIds)
    if (!history || mask === undefined) {
      // On one of its own that nobody has heard of yet.
      const own = this.#made.filter(({ id }) => parentCanonicalIds.includes(id))
      return spansNaming(own.map(({ header }) => header))
    }
    return spansNaming(history.within(mask).map(({ message }) => message.header))
  }

  #connect(): void {
    this.#isBound = false
    this.#heardMs = this.#process.monotonic()
    this.#link = this.#stage.wire.transport(this.name, this.#process).connect({
      open: () => this.#link!.send(helloFrame(SPACE, null)),
      frame: (text) => this.#heard(text),
      closed: () => (this.#link = undefined),
    })
  }

  #heard(text: string): void {
    this.#heardMs = this.#process.monotonic()
    const frame = parseReviewerFrame(text)
    if (!frame.ok) return
    if (frame.value.kind === 'welcome') void this.#greet()
    if (frame.value.kind !== 'bound') return
    this.#isBound = true
    this.#offer()
  }

  /** Now and then it offers before it has said who it is. */
  async #greet(): Promise<void> {
    if (this.#written.length === 0 && this.random.chance(0.15)) {
      this.act()
      await this.#offerAll()
    }
    this.#link?.send(bindFrame([this.#opening]))
  }

  #tick(): void {
    this.#process.after(TICK_MS, () => {
      if (this.#process.monotonic() - this.#heardMs > SILENCE_MS) {
        this.#link?.close()
        this.#link = undefined
      }
      if (!this.#link) this.#connect()
      else if (!this.#isBound) this.#link.send(helloFrame(SPACE, null))
      else this.#offer()
      this.#tick()
    })
  }

  /** All that has no verdict, and now and then something that has one. */
  #offer(): void {
    if (this.#isBound) void this.#offerAll()
  }

  async #offerAll(): Promise<void> {
    const offers = [...this.open]
    if (this.#written.length > 0 && this.random.chance(0.1))
      offers.push(this.random.pick(this.#written))
    const flushes: Promise<void>[] = []
    const most = this.#stage.plan.bounds.flushMessagesMax ?? OFFER_MESSAGES_MAX
    while (offers.length > 0)
      flushes.push(this.#send(flushOf(offers, Math.min(most, OFFER_MESSAGES_MAX))))
    await Promise.all(flushes)
  }

  async #send(messages: readonly Message[]): Promise<void> {
    const offer = await sealedOffer(this.#session, messages, this.#opening.authorId)
    const { frameBytesMax } = this.#stage.plan.bounds
    for (const frame of cutFrame(offer, frameBytesMax)) this.#link?.send(frame)
  }
}

/** The next messages that may stand in one offer: parents before children, none twice. */
function flushOf(offers: Message[], messagesMax: number): Message[] {
  const flush: Message[] = []
  while (offers[0] && flush.length < messagesMax) {
    const { id } = offers[0]
    const isLate = flush.some((message) => message.id === id || standsOn(message, id))
    if (isLate) break
    flush.push(offers.shift()!)
  }
  return flush
}

function standsOn({ changes }: Message, id: string): boolean {
  return changes.some((change) => change!.meta.parentCanonicalIds.includes(id))
}

export type Allowed = readonly FinalReason[]

function describe({ changes, header }: Message): string {
  const parts = changes.map((change) => `${change!.meta.kind} ${change!.meta.regs.join('+')}`)
  return `#${header.clientSeq} ${parts.join(', ')}`
}
