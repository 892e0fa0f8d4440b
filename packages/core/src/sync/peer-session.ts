/**
 * One link to a peer that reviews while home is away: greet, bind, catch up, offer, follow. What is
 * believed of it is shown as provisional; nothing of it is a verdict, and the outbox keeps all for home.
 *
 *   hello ─▶ welcome: of the claim that is followed? ─▶ bind ─▶ want ─▶ tail … through ─▶ offers
 *
 * Batches wait until a position after them is checked, which the reviewer of the claim has signed, and
 * until the authors' seals are (`peer-seals.ts`); those of home, which a peer passes on, until home has signed one.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Hash } from '../base/hash.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import {
  type Position,
  type Rejection,
  type SessionOpening,
  WIRE_VERSION,
} from '../facts/message.ts'
import { whoamiId } from '../facts/whoami.ts'
import type { Entry } from '../history/entry.ts'
import { Lineage, isLinked } from '../history/lineage.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { Link, Transport } from '../ports/transport.ts'
import {
  type ReviewerFrame,
  type ReviewerFrames,
  authorFrame,
  parseReviewerFrame,
  reviewerFrame,
} from '../wire/frames.ts'
import { connectInParts } from '../wire/parts.ts'
import type { Epoch } from '../wire/records.ts'
import { liveBytes, positionBytes, welcomeBytes } from '../wire/signed.ts'
import type { SignedClaim } from './beat.ts'
import type { RelayedFrame } from './link-gate.ts'
import { type Flush, offerFrame } from './own-flush.ts'
import type { EpochTerm, ReadOne, TailEnd, TailFrame, TailPlan } from './tail-plan.ts'
import { PeerSeals, type SignedStep } from './peer-seals.ts'
import { Timers } from './timers.ts'

type FrameOf<K> = ReviewerFrame & { readonly kind: K }

/** What is offered again after so long without an answer, or after a nack. */
const AGAIN_MS = 5_000
/** How often is looked for what may be offered. */
const LOOK_MS = 1_000
/** Between two links to the same reviewer. */
const RETRY_MS = 1_000
/** Batches, or frames of home, that wait for a signature behind them. */
const UNSIGNED_MAX = 4_096
/** Offers that wait for an answer. */
const OFFERS_MAX = 16

export interface PeerSessionParts {
  readonly space: Uuid
  readonly limits: Limits
  readonly clock: Clock
  readonly random: Random
  /** To the reviewer of the claim. */
  readonly transport: Transport
  readonly claim: SignedClaim
  /** What this replica has of home. */
  readonly home: () => Position
  /** The lineage of home, as it is known here. */
  readonly lineage: Lineage
  readonly plan: Pick<TailPlan, 'read'>
  readonly host: PeerSessionHost
}

/** What such a link needs of the replica around it. */
export interface PeerSessionHost {
  verify(publicKey: string, bytes: Uint8Array, sig: string): Promise<boolean>
  /** Whether the home reviewer has signed that. */
  verifyHome(bytes: Uint8Array, sig: string): Promise<boolean>
  /** Sessions of this device whose messages wait, its own first. */
  openings(): readonly SessionOpening[]
  /** What the session line of an opening commits to. A peer is not told to whom. */
  commitmentOf(opening: SessionOpening): Hash
  prove(opening: SessionOpening, nonce: string): Promise<string | undefined>
  /** What waits for home, oldest first. */
  flushes(): Iterable<Flush>
  /** Those of own messages that home has signed. */
  rejectionsOf(ids: readonly Uuid[]): readonly Rejection[]
  /** Batches that a peer has reviewed, up to a position that it has signed. */
  taken(step: SignedStep): void
  /** It has accepted what its author has not signed. */
  lied(): void
  /** A frame of home that this store lacked. */
  relayed(frame: RelayedFrame, epochs: readonly Epoch[]): void
  /** All that the reviewer had is here. */
  caughtUp(lineage: Lineage): void
}

export class PeerSession {
  readonly #parts: PeerSessionParts
  readonly #timers: Timers
  #link: Link | undefined
  #nonce = ''
  #reviewerNonce = ''
  /** Set by a greeting that was checked. */
  #lineage: Lineage | undefined
  #end: TailEnd
  #term: EpochTerm
  /** Read, and not signed for yet. */
  #unsigned: ReadOne[] = []
  /** Of this link. */
  #seals: PeerSeals | undefined
  /** Frames of home without a signature at their end. */
  #relayed: TailFrame[] = []
  readonly #bound = new Set<Uuid>()
  /** By key of the flush: not before that moment. */
  readonly #restsUntil = new Map<string, number>()
  /** Of these, the ones that wait for an answer. */
  readonly #offered = new Set<string>()
  /** By session and number: home decides on them. */
  readonly #refused = new Set<Uuid>()
  /** What arrives is checked one after the other. */
  #checks: Promise<void> = Promise.resolve()
  /** What it has accepted is known, so that nothing is offered twice. */
  #isCaughtUp = false
  #isClosed = false

  constructor(parts: PeerSessionParts) {
    this.#parts = parts
    this.#timers = new Timers(parts.clock)
    const { home, lineage } = parts
    this.#end = home()
    this.#term = lineage.at(this.#end.seq)
    this.#connect()
  }

  close(): void {
    this.#isClosed = true
    this.#drop()
  }

  /** Offers what may go. Called when something became ready, and every second. */
  pump(): void {
    if (!this.#isCaughtUp) return
    const now = this.#parts.clock.monotonic()
    for (const key of this.#offered)
      if ((this.#restsUntil.get(key) ?? 0) <= now) this.#offered.delete(key)
    const { host } = this.#parts
    for (const flush of host.flushes()) {
      const { key, sessionId } = flush
      if (!this.#isOpen(flush)) {
        this.#offered.delete(key)
        this.#restsUntil.delete(key)
        continue
      }
      if (!this.#bound.has(sessionId) || (this.#restsUntil.get(key) ?? 0) > now) continue
      if (this.#offered.size >= OFFERS_MAX) return
      this.#offered.add(key)
      this.#restsUntil.set(key, now + AGAIN_MS)
      this.#send(offerFrame(flush, (ids) => host.rejectionsOf(ids)))
    }
  }

  #isOpen({ entries }: Flush): boolean {
    const isReviewed = ({ provisional }: Entry): boolean =>
      provisional !== undefined && this.#lineage?.has(provisional) === true
    return entries.some(
      (entry) =>
        !entry.review && !entry.rejection && !this.#refused.has(entry.id) && !isReviewed(entry),
    )
  }

  #connect(): void {
    const { transport, limits, random, space } = this.#parts
    this.#nonce = toBase64url(random.bytes(16))
    const nonce = this.#nonce
    const isLive = (): boolean => this.#nonce === nonce && !this.#isClosed
    const opened = {
      open: () => {
        const position = this.#parts.home()
        if (isLive()) this.#send(authorFrame('hello', { v: WIRE_VERSION, space, nonce, position }))
      },
      frame: (text: string) => {
        if (isLive()) this.#frame(text, isLive)
      },
      closed: () => {
        if (isLive()) this.#retry()
      },
      carried: () => {},
    }
    this.#link = connectInParts(transport, opened, limits)
    this.#timers.after(limits.handshakeMs, () => {
      if (isLive() && !this.#lineage) this.#retry()
    })
  }

  /** Ends this link, and tries again: the claim may be followed for long. */
  #retry(): void {
    this.#drop()
    if (!this.#isClosed) this.#timers.after(RETRY_MS, () => this.#connect())
  }

  #drop(): void {
    const link = this.#link
    this.#nonce = ''
    this.#link = undefined
    this.#lineage = undefined
    this.#isCaughtUp = false
    this.#unsigned = []
    this.#seals = undefined
    this.#relayed = []
    this.#bound.clear()
    this.#offered.clear()
    this.#restsUntil.clear()
    this.#timers.clear()
    link?.close()
  }

  #send(frame: string): void {
    this.#link?.send(frame)
  }

  /** Frames are checked in their order. */
  #frame(text: string, isLive: () => boolean): void {
    const parsed = parseReviewerFrame(text, this.#parts.limits)
    if (!parsed.ok) {
      this.#retry()
      return
    }
    const frame = parsed.value
    this.#checks = this.#checks
      .then(async () => {
        if (!isLive()) return
        const isFine = await this.#checked(frame, text, isLive)
        if (!isFine && isLive()) this.#retry()
      })
      .catch(() => {
        if (isLive()) this.#retry()
      })
  }

  /** Whether the link goes on. */
  async #checked(frame: ReviewerFrame, text: string, isLive: () => boolean): Promise<boolean> {
    switch (frame.kind) {
      case 'welcome':
        return this.#welcome(frame, isLive)
      case 'tail':
        return this.#tail(frame, text, isLive)
      case 'through':
        return this.#through(frame, isLive)
      case 'bound':
        for (const sessionId of frame.sessionIds) this.#bound.add(sessionId)
        this.pump()
        return true
      case 'rejected':
        for (const { msgId } of frame.rejections) this.#refused.add(msgId)
        return true
      case 'nack':
        this.#offered.clear() // they rest all the same
        return true
      case 'seal':
        return this.#sealArrived(frame, isLive)
      default:
        return frame.kind !== 'bye'
    }
  }

  async #welcome(frame: FrameOf<'welcome'>, isLive: () => boolean): Promise<boolean> {
    const { claim, space, host, home } = this.#parts
    const { lineage: epochs, position, at, sig, nonce } = frame
    if (this.#lineage || frame.v !== WIRE_VERSION || !this.#isOfClaim(epochs, position))
      return false
    const bytes = welcomeBytes(space, { nonces: [this.#nonce, nonce], position, at })
    if (!(await host.verify(claim.key, bytes, sig)) || !isLive()) return false
    const lineage = new Lineage(epochs)
    const have = home()
    if (!lineage.has(have)) return false
    this.#lineage = lineage
    this.#seals = this.#sealsOfLink()
    this.#reviewerNonce = nonce
    this.#end = have
    this.#term = lineage.at(have.seq)
    await this.#bind(isLive)
    if (!isLive()) return false
    this.#send(authorFrame('want', { have, pages: null }))
    this.#watch()
    return true
  }

  /** Whether a greeting is that of the claim: its epoch is the last, and continues what the claim names. */
  #isOfClaim(epochs: readonly Epoch[], position: Position): boolean {
    const { claim, space } = this.#parts
    const present = epochs.at(-1)
    const first = epochs.find(({ why }) => why === 'claim')
    if (!present || !first || !isLinked(epochs) || present.space !== space) return false
    const { reviewerKey, reviewerId, epoch, why, eid, prev } = present
    const isIts =
      why === 'claim' &&
      reviewerKey === claim.key &&
      reviewerId === whoamiId(reviewerKey) &&
      epoch === claim.epoch
    if (!isIts || position.eid !== eid || position.epoch !== epoch) return false
    if (!prev || !isSamePlace(prev, claim.end)) return false
    // What is between was the review of peers; home has signed where that began, and by it its own epochs.
    return !!first.prev && isSamePlace(first.prev, claim.home)
  }

  async #bind(isLive: () => boolean): Promise<void> {
    const { host } = this.#parts
    const proved = await Promise.all(
      host.openings().map(async (opening) => {
        const proof = await host.prove(opening, this.#reviewerNonce)
        // Who the person is, is for home alone.
        const blind = { personalId: '', salt: host.commitmentOf(opening) }
        return proof === undefined ? [] : [{ ...opening, ...blind, proof }]
      }),
    )
    const sessions = proved.flat()
    if (isLive()) this.#send(authorFrame('bind', { sessions, auth: null, keeps: false }))
  }

  async #tail(frame: TailFrame, text: string, isLive: () => boolean): Promise<boolean> {
    const { plan, claim, space, host } = this.#parts
    const { position } = frame
    if (!this.#lineage) return false
    const read = plan.read(frame, this.#term, this.#end)
    if ('kind' in read) return read.kind === 'known'
    const last = read.at(-1)
    if (!last) return false
    this.#end = { seq: last.batch.throughSeq, chain: last.batch.chain }
    this.#term = last.term
    if (this.#isOfHome(position)) return this.#relay(frame, text, isLive)
    // Only home erases.
    if (read.some(({ batch, term }) => batch.redact && !this.#isOfHome(term))) return false
    this.#unsigned.push(...read)
    if (this.#unsigned.length > UNSIGNED_MAX) return false
    // Its own position vouches for what earlier peers have reviewed.
    if (position.epoch !== claim.epoch) return true
    const bytes = positionBytes(space, position)
    if (!(await host.verify(claim.key, bytes, position.sig ?? '')) || !isLive()) return false
    const isRead = this.#seals?.add(this.#unsigned, position) === true
    this.#unsigned = []
    this.#pass()
    return isRead
  }

  #sealsOfLink(): PeerSeals {
    const { limits, clock, host } = this.#parts
    return new PeerSeals({
      limits,
      now: () => clock.monotonic(),
      verify: (...signed) => host.verify(...signed),
      send: (frame) => this.#send(frame),
    })
  }

  async #sealArrived(frame: FrameOf<'seal'>, isLive: () => boolean): Promise<boolean> {
    const isTrue = (await this.#seals?.answered(frame)) ?? false
    if (!isLive()) return false
    if (isTrue) this.#pass()
    else this.#parts.host.lied()
    return isTrue
  }

  /** Hands over what is sealed, in order. */
  #pass(): void {
    const { host } = this.#parts
    for (const step of this.#seals?.ready() ?? []) {
      if (step !== 'through') host.taken(step)
      else if (this.#lineage) {
        host.caughtUp(this.#lineage)
        this.#isCaughtUp = true
      }
    }
    this.pump()
  }

  get #epochsOfHome(): readonly Epoch[] {
    return this.#lineage?.epochs.filter(({ why }) => why !== 'claim') ?? []
  }

  #isOfHome({ eid }: Pick<Position, 'eid'>): boolean {
    return this.#epochsOfHome.some((epoch) => epoch.eid === eid)
  }

  /** Frames of home, joined up to one whose position home has signed. */
  async #relay(frame: TailFrame, text: string, isLive: () => boolean): Promise<boolean> {
    const { host, space } = this.#parts
    this.#relayed.push(frame)
    const { position } = frame
    if (!position.sig) return this.#relayed.length < UNSIGNED_MAX
    if (!(await host.verifyHome(positionBytes(space, position), position.sig)) || !isLive())
      return false
    const all = this.#relayed
    this.#relayed = []
    const batches = all.flatMap((one) => one.batches)
    const texts = all.map((one) => one.texts).join('\n')
    const joined =
      all.length === 1
        ? { frame, text }
        : {
            frame: { ...frame, batches, texts },
            text: reviewerFrame('tail', { batches, position }, texts),
          }
    host.relayed(joined, this.#epochsOfHome)
    return true
  }

  async #through(
    { position, sig, at }: FrameOf<'through'>,
    isLive: () => boolean,
  ): Promise<boolean> {
    const { claim, space, host } = this.#parts
    if (!this.#lineage || at === null || position.epoch !== claim.epoch) return false
    const isSigned = await host.verify(claim.key, liveBytes(space, position, at), sig)
    if (!isSigned || !isLive() || this.#end.seq < position.seq) return false
    this.#seals?.addThrough()
    this.#pass()
    return true
  }

  #watch(): void {
    this.#timers.after(LOOK_MS, () => {
      if (this.#seals?.isOverdue) return this.#retry()
      this.pump()
      this.#watch()
    })
  }
}

type Welcomed = ReviewerFrames['welcome']['position']

function isSamePlace(a: Welcomed, b: Position): boolean {
  return a.eid === b.eid && a.seq === b.seq && a.chain === b.chain
}
