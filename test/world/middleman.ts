/**
 * An attacker between a tab and the reviewer, for a while: reads all frames, also those of other tabs, and
 * forges frames of the reviewer. Frames that the tab sends pass unchanged; without an attacker, so do
 * those that it receives.
 *
 *   reviewer ─▶ (whole frames are remembered) ─▶ as it is, or a forgery ─▶ tab
 */
import { type AuthoredMessage, whoamiId } from '@countersign/core/message'
import type { KeyPair, Link, LinkEvents, Signer, Transport } from '@countersign/core/ports'
import {
  type Epoch,
  FrameJoiner,
  type ReviewerFrame,
  cutFrame,
  epochOf,
  parseAuthorFrame,
  parseReviewerFrame,
} from '@countersign/core/protocol'
import { type ProcessClock, SeededRandom, simSigner } from '@countersign/core/testing'
import { Random } from '../model/random.ts'
import { type Between, CRAFTS, FORGERIES, type Forgery } from './forgeries.ts'
import type { Stage } from './stage.ts'
import { SPACE } from './truth.ts'

/** Of each kind. */
const REMEMBERED_MAX = 12
/** The share of its forgeries that an attacker with one aim uses. */
const KNOWN_PART = 0.5
/** The share of passing frames that is forged; and of the first frames of a link, lower, so that later ones are reached. */
const FORGED_PART = 0.5
const FORGED_PART_FIRST = 0.2
const FRAME_BYTES_MAX = 8_388_608

type Kind = ReviewerFrame['kind']

/** A link of a tab, as it passes here. */
interface Way {
  readonly name: string
  readonly process: ProcessClock
  readonly events: LinkEvents
  readonly up: FrameJoiner
  readonly down: FrameJoiner
  /** Of the tab's greeting. */
  nonce: string
  /** The seq of the reviewer's greeting. */
  greeted: number | undefined
  isOpen: boolean
  /** Names of the forgeries that were sent over it. */
  readonly told: Set<string>
  /** Names of the pages that the tab has kept. */
  kept: readonly string[]
}

export class Middleman {
  readonly #stage: Stage
  readonly #random: Random
  readonly #signer: Signer
  readonly #keys: KeyPair
  readonly #other: Epoch
  /** Tabs with an attacker on their way now, and tabs that ever had one. */
  readonly #lied = new Map<string, 'now' | 'once'>()
  readonly #ways = new Set<Way>()
  readonly #heard = new Map<Kind, ReviewerFrame[]>()
  /** By tab. */
  readonly #offered = new Map<string, AuthoredMessage[]>()
  readonly #forgeries: readonly Forgery[]
  /** Forgeries about waiting messages, which need no passing frame. */
  readonly #ofWhatWaits: readonly Forgery[]
  readonly #forgedPartFirst: number

  static async make(stage: Stage): Promise<Middleman> {
    const bytes = new SeededRandom(stage.plan.seed + 2 ** 36)
    const signer = simSigner({ random: bytes })
    const keys = await signer.generate()
    const body = {
      kind: 'epoch',
      space: SPACE,
      reviewerId: whoamiId(keys.publicKey),
      epoch: 1,
      seq: 0,
      prev: null,
      reviewerKey: keys.publicKey,
      why: 'genesis',
      at: stage.clock.now(),
    } as const
    return new Middleman(stage, { signer, keys, other: epochOf(body) })
  }

  private constructor(
    stage: Stage,
    { signer, keys, other }: { signer: Signer; keys: KeyPair; other: Epoch },
  ) {
    this.#stage = stage
    this.#random = new Random(stage.plan.seed + 2 ** 35)
    const { craft } = stage.plan
    this.#forgeries = craft ? this.#some(CRAFTS[craft]) : FORGERIES
    this.#ofWhatWaits = this.#forgeries.filter(
      ({ name, kind }) => name.endsWith('what waits') && kind === 'welcome',
    )
    this.#forgedPartFirst = craft ? FORGED_PART : FORGED_PART_FIRST
    this.#signer = signer
    this.#keys = keys
    this.#other = other
  }

  /** Whether an attacker has ever been on the way of that tab. */
  hasLied(name: string): boolean {
    return this.#lied.has(name)
  }

  /** What the reviewer had when it greeted that tab last. */
  greeted(name: string): number {
    const [way] = [...this.#ways].filter((each) => each.name === name).slice(-1)
    return way?.greeted ?? 0
  }

  /** Puts an attacker between a tab and the reviewer, who also sends some frames without an occasion. */
  come(name: string, forMs: number): void {
    this.#lied.set(name, 'now')
    this.#stage.clock.after(forMs, () => this.#lied.set(name, 'once'))
    for (let times = this.#random.between(1, 4); times > 0; times--)
      this.#stage.clock.after(forMs * this.#random.unit(), () => this.#speakUp(name))
  }

  /** Ends all attacks. */
  leave(): void {
    for (const name of this.#lied.keys()) this.#lied.set(name, 'once')
  }

  /** The transport of a tab, with an attacker or without. */
  transport(name: string, honest: Transport, process: ProcessClock): Transport {
    return { ...honest, connect: (events) => this.#connect(name, { honest, process, events }) }
  }

  #connect(
    name: string,
    {
      honest,
      process,
      events,
    }: {
      readonly honest: Transport
      readonly process: ProcessClock
      readonly events: LinkEvents
    },
  ): Link {
    const joiner = (): FrameJoiner => new FrameJoiner(FRAME_BYTES_MAX)
    const way: Way = {
      ...{
        name,
        process,
        events,
        up: joiner(),
        down: joiner(),
        nonce: '',
        kept: [],
        told: new Set(),
      },
      greeted: undefined,
      isOpen: false,
    }
    const link = honest.connect({
      open: () => {
        way.isOpen = true
        this.#ways.add(way)
        events.open()
      },
      frame: (text) => this.#down(way, text),
      closed: (reason) => {
        this.#close(way)
        events.closed(reason)
      },
    })
    const send = (text: string): void => {
      this.#up(way, text)
      link.send(text)
    }
    const close = (): void => {
      this.#close(way)
      link.close()
    }
    const own = { send, close }
    return Object.defineProperty(own, 'bufferedBytes', { get: () => link.bufferedBytes })
  }

  #close(way: Way): void {
    way.isOpen = false
    this.#ways.delete(way)
  }

  #up(way: Way, text: string): void {
    const joined = way.up.take(text)
    const frame = joined.kind === 'frame' ? parseAuthorFrame(joined.text) : undefined
    if (!frame?.ok) return
    if (frame.value.kind === 'hello') way.nonce = frame.value.nonce
    if (frame.value.kind === 'want') way.kept = frame.value.pages ?? []
    if (frame.value.kind !== 'offer') return
    const messages = this.#stage.truth.learnText(frame.value.texts)
    if (typeof messages === 'string') return
    this.#offered.set(way.name, [...(this.#offered.get(way.name) ?? []), ...messages])
    if (this.#lied.get(way.name) === 'now' && this.#random.chance(FORGED_PART))
      this.#stage.clock.after(0, () => this.#forge(way, this.#ofWhatWaits))
  }

  #down(way: Way, text: string): void {
    const isHere = this.#lied.get(way.name) === 'now'
    const joined = way.down.take(text)
    if (joined.kind === 'waiting' && isHere) return
    const parsed = joined.kind === 'frame' ? parseReviewerFrame(joined.text) : undefined
    if (!parsed?.ok) {
      way.events.frame(text)
      return
    }
    const frame = parsed.value
    this.#remember(frame)
    if (frame.kind === 'welcome') way.greeted ??= frame.position.seq
    const forgeries = this.#forgeries.filter(({ kind }) => kind === frame.kind)
    const isFirst = frame.kind === 'welcome' || frame.kind === 'bound'
    const part = isFirst ? this.#forgedPartFirst : FORGED_PART
    const isForged = isHere && this.#random.chance(part) && this.#forge(way, forgeries, frame)
    // A forgery often replaces the frame that it was made of, and sometimes is sent before it.
    if (isForged && this.#random.chance(0.7)) return
    if (!isHere) way.events.frame(text)
    else if (joined.kind === 'frame') this.#say(way, joined.text)
  }

  /** Sends a forgery without a passing frame. */
  #speakUp(name: string): void {
    if (this.#lied.get(name) !== 'now') return
    for (const way of this.#ways) {
      if (way.name !== name || way.process.dead) continue
      this.#forge(way, this.#forgeries)
    }
  }

  /** The first of these that can be made of that frame or of a recorded one. */
  #forge(way: Way, forgeries: readonly Forgery[], passing?: ReviewerFrame): boolean {
    const possible = forgeries.filter(({ after }) => after === undefined || way.told.has(after))
    for (const forgery of this.#random.shuffled(possible)) {
      const frame = passing ?? this.#recall(forgery.kind)
      const told = frame && forgery.make(this.#between(way), frame)
      if (!told) continue
      void Promise.resolve(told).then((texts) =>
        way.process.deliver(() => texts && this.#tell(way, forgery, texts)),
      )
      return true
    }
    return false
  }

  #tell(way: Way, { name }: Forgery, texts: readonly string[]): void {
    if (!way.isOpen) return
    way.told.add(name)
    this.#stage.note('M', () => `-> ${way.name} ${name}`)
    this.#stage.tally.hit(forgedName(name))
    for (const text of texts) this.#say(way, text)
  }

  #say(way: Way, text: string): void {
    for (const part of cutFrame(text, this.#stage.plan.bounds.frameBytesMax))
      if (way.isOpen) way.events.frame(part)
  }

  #between(way: Way): Between {
    const { truth } = this.#stage
    return {
      random: this.#random,
      nonce: way.nonce,
      waiting: (this.#offered.get(way.name) ?? []).filter(
        ({ id }) => truth.facts.get(id)?.seq === undefined && !truth.refused.has(id),
      ),
      kept: way.kept,
      other: this.#other,
      sign: (bytes) => this.#signer.sign(this.#keys, bytes),
      chainAt: (seq) => truth.chainAt.get(seq),
      heard: <K extends Kind>(kind: K) =>
        this.#recall(kind) as (ReviewerFrame & { readonly kind: K }) | undefined,
    }
  }

  /** Some of them, and one at the least. */
  #some(forgeries: readonly Forgery[]): readonly Forgery[] {
    const known = forgeries.filter(() => this.#random.chance(KNOWN_PART))
    return known.length > 0 ? known : [this.#random.pick(forgeries)]
  }

  #remember(frame: ReviewerFrame): void {
    const frames = this.#heard.get(frame.kind) ?? []
    this.#heard.set(frame.kind, [...frames, frame].slice(-REMEMBERED_MAX))
  }

  #recall(kind: Kind): ReviewerFrame | undefined {
    const frames = this.#heard.get(kind)
    return frames && this.#random.pick(frames)
  }
}

/** The tally of a forgery. */
export function forgedName(name: string): string {
  return `forgery told: ${name}`
}
