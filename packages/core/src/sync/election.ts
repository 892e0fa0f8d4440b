/**
 * Which peer reviews while the home reviewer is away. A state machine: events in, effects out; it has no
 * clock, no timer and no chance of its own. It need not be perfect, since a provisional verdict is never
 * final: two reviewers at once cost repeated work, and no message.
 *
 *                 a claim that is not below                       suspicion, abdication
 *   homed ─away─▶ listening ──────────────▶ following ──────────────────────┐
 *     ▲               │ patience is over, and rank × 400 ms                 ▼
 *     └─── home ──────┴──────────▶ reviewing ── a claim above, home, hidden ─▶ listening
 *
 * Invariants: PEER1 (the claim that is followed never gets lower), PEER2 (nobody follows a claim that is
 * behind its own position of home), PEER3 (a reviewer that is heard is not preempted by a joiner).
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import {
  type Claim,
  type Reached,
  claimOf,
  comparePlaces,
  compareReached,
  isAbove,
  rankOf,
} from './claim.ts'

/** How often a peer says how it stands. */
export const BEAT_MS = 2_000
/** Without a beat for so long a peer counts as gone. */
export const SUSPECT_MS = 6_000
/** Patience is longer by chance, so that not all lose it at once. */
export const JITTER_MS = 1_000
/** So long a candidate waits for each one before it. */
export const RANK_MS = 400
/** Peers of which the beats are kept; of more, those that are heard first. */
export const PEERS_MAX = 64
/** A claim further above those that this peer has believed is none: a liar would use up the numbers. */
export const EPOCHS_AHEAD_MAX = 64

/** How a peer stands. */
export interface PeerStand {
  readonly id: Uuid
  /** undefined: it has never met the home reviewer. */
  readonly reached: Reached | undefined
  /** The home reviewer reviews for it. */
  readonly isHomed: boolean
  /** It is visible, its storage is sound, and home is away. */
  readonly mayReview: boolean
}

/** What a peer says of itself every 2 s, and whenever something has changed. Signed, and checked. */
export interface Beat {
  readonly id: Uuid
  /** Counts up. */
  readonly no: number
  readonly reached: Reached | undefined
  readonly mayReview: boolean
  /** The highest claim that it knows and has not given up; its own: it reviews. */
  readonly claim: Claim | undefined
}

export type ElectionEvent =
  | { readonly kind: 'stands'; readonly standing: PeerStand }
  | { readonly kind: 'heard'; readonly beat: Beat }
  /** At the time that the last step has asked for, or at any other. */
  | { readonly kind: 'tick' }
  /** This peer is frozen, hidden or left. */
  | { readonly kind: 'leaves' }

/** When an event happens, in monotonic ms, and a number from 0 to 1 by chance. */
export interface ElectionMoment {
  readonly nowMs: number
  readonly chance: number
}

/** What a peer does about the review. */
export type Duty =
  | { readonly kind: 'none' }
  | { readonly kind: 'reviews'; readonly claim: Claim }
  | { readonly kind: 'follows'; readonly claim: Claim }

export interface ElectionStep {
  /** Whether a beat is due. */
  readonly says: boolean
  readonly duty: Duty
  /** When the next tick is due. */
  readonly tickAtMs: number
}

interface Heard {
  readonly beat: Beat
  readonly atMs: number
}

const NO_DUTY: Duty = { kind: 'none' }

export class Election {
  readonly #space: Uuid
  #standing: PeerStand
  readonly #peers = new Map<Uuid, Heard>()
  /** Who reviews, as far as this peer believes it. */
  #claim: Claim | undefined
  /** The highest that was ever believed: what is not above it is over. */
  #highest: Claim | undefined
  #reviewerHeardAtMs = 0
  /** Since when nobody is known to review. */
  #vacantAtMs: number
  /** How long this peer listens before it is a candidate, or suspects a reviewer. */
  #patienceMs = SUSPECT_MS
  #beatAtMs: number
  #steppedAtMs: number

  constructor(space: Uuid, standing: PeerStand, { nowMs, chance }: ElectionMoment) {
    this.#space = space
    this.#standing = standing
    this.#vacantAtMs = this.#beatAtMs = this.#steppedAtMs = nowMs
    this.#draw(chance)
  }

  get duty(): Duty {
    const claim = this.#claim
    const { id, isHomed } = this.#standing
    if (!claim || isHomed) return NO_DUTY
    return { kind: claim.reviewerId === id ? 'reviews' : 'follows', claim }
  }

  /** The claim that a beat of this peer has. */
  get claim(): Claim | undefined {
    return this.#standing.isHomed ? undefined : this.#claim
  }

  step(event: ElectionEvent, moment: ElectionMoment): ElectionStep {
    const { nowMs, chance } = moment
    assert(nowMs >= this.#steppedAtMs, 'time does not go back')
    const before = this.duty
    // Its timers stood still: others have long lost their patience, and it has not heard them.
    if (nowMs - this.#steppedAtMs > SUSPECT_MS) this.#listen(nowMs, chance)
    this.#steppedAtMs = nowMs
    if (event.kind === 'stands') this.#stands(event.standing, moment)
    else if (event.kind === 'heard') this.#heard(event.beat, moment)
    else if (event.kind === 'leaves') this.#leaves(moment)
    else this.#tick(moment)
    const isNews = isOther(before, this.duty)
    const says = isNews || nowMs >= this.#beatAtMs
    if (says) this.#beatAtMs = nowMs + BEAT_MS
    return { says, duty: this.duty, tickAtMs: this.#nextMs(nowMs) }
  }

  #stands(standing: PeerStand, { nowMs, chance }: ElectionMoment): void {
    const before = this.#standing
    this.#standing = standing
    const { id, isHomed, mayReview } = standing
    if (isHomed !== before.isHomed) this.#listen(nowMs, chance)
    const claim = this.#claim
    if (!claim) return
    const isOwn = claim.reviewerId === id
    if (this.#isBehind(claim) || (isOwn && !mayReview)) this.#vacate(nowMs, chance)
  }

  #heard(beat: Beat, { nowMs, chance }: ElectionMoment): void {
    const { id, claim } = beat
    const known = this.#peers.get(id)
    if (id === this.#standing.id || beat.no <= (known?.beat.no ?? 0)) return
    if (!known && this.#peers.size >= PEERS_MAX) return
    this.#peers.set(id, { beat, atMs: nowMs })
    if (claim) this.#believe(claim, id, nowMs)
    const { reviewerId, hash } = this.#claim ?? {}
    if (reviewerId !== id) return
    if (claim?.hash === hash) this.#reviewerHeardAtMs = nowMs
    else this.#vacate(nowMs, chance) // it has given its claim up
  }

  /** A claim that is above all that was believed; or, if its reviewer still makes it, that one itself. */
  #believe(claim: Claim, by: Uuid, nowMs: number): void {
    const epochMax = this.#highest ? this.#epochsUsed + EPOCHS_AHEAD_MAX : Infinity
    if (claim.epoch > epochMax || this.#isBehind(claim)) return
    const isAgain =
      claim.hash === this.#highest?.hash && by === claim.reviewerId && this.#claim === undefined
    if (!isAgain && !isAbove(claim, this.#highest)) return
    assert(!this.#claim || isAgain || isAbove(claim, this.#claim), 'a claim never gets lower')
    this.#take(claim, nowMs)
  }

  #take(claim: Claim, nowMs: number): void {
    this.#highest = claim
    this.#claim = claim
    this.#reviewerHeardAtMs = nowMs
  }

  #leaves({ nowMs, chance }: ElectionMoment): void {
    this.#standing = { ...this.#standing, mayReview: false }
    if (this.duty.kind === 'reviews') this.#vacate(nowMs, chance)
  }

  #tick({ nowMs, chance }: ElectionMoment): void {
    for (const [id, { atMs }] of this.#peers)
      if (nowMs - atMs > SUSPECT_MS + JITTER_MS) this.#peers.delete(id)
    const isLost =
      this.duty.kind === 'follows' && nowMs - this.#reviewerHeardAtMs >= this.#patienceMs
    if (isLost) this.#vacate(nowMs, chance)
    const atMs = this.#claimAtMs
    if (atMs !== undefined && nowMs >= atMs) this.#claimNow(nowMs)
  }

  /** When this peer may claim; undefined while it may not. */
  get #claimAtMs(): number | undefined {
    const { id, reached, isHomed, mayReview } = this.#standing
    if (this.#claim || !reached || isHomed || !mayReview) return undefined
    const others = [...this.#peers.values()].filter(({ beat }) => beat.mayReview)
    // Alone it has nobody to review for.
    if (this.#peers.size === 0) return undefined
    const isLevel = ({ beat }: Heard): boolean =>
      beat.reached !== undefined && compareReached(beat.reached, reached) >= 0
    const level = others.filter(isLevel)
    if (level.some(({ beat }) => beat.reached && compareReached(beat.reached, reached) > 0))
      return undefined
    const ids = level.map(({ beat }) => beat.id)
    const rank = rankOf(id, ids, { space: this.#space, epoch: this.#epochsUsed + 1 })
    return this.#vacantAtMs + this.#patienceMs + rank * RANK_MS
  }

  #claimNow(nowMs: number): void {
    const { id: reviewerId, reached } = this.#standing
    assert(reached, 'a candidate has met the home reviewer')
    const term = { ...reached, epoch: this.#epochsUsed + 1, reviewerId }
    this.#take(claimOf(this.#space, term), nowMs)
  }

  get #epochsUsed(): number {
    const { home, end } = this.#standing.reached ?? {}
    return Math.max(this.#highest?.epoch ?? 0, home?.epoch ?? 0, end?.epoch ?? 0)
  }

  /** Whether a claim continues an older position of home than this peer has. */
  #isBehind({ home }: Claim): boolean {
    const { reached } = this.#standing
    return reached !== undefined && comparePlaces(home, reached.home) < 0
  }

  /** Nobody reviews, as is known for sure: whoever is next need not listen first. */
  #vacate(nowMs: number, chance: number): void {
    this.#claim = undefined
    this.#draw(chance)
    this.#vacantAtMs = nowMs - this.#patienceMs
  }

  /** Begins to listen, as a joiner does: there may be a reviewer. */
  #listen(nowMs: number, chance: number): void {
    this.#claim = undefined
    this.#peers.clear()
    this.#draw(chance)
    this.#vacantAtMs = nowMs
  }

  #draw(chance: number): void {
    assert(chance >= 0 && chance <= 1, 'chance is a number from 0 to 1')
    this.#patienceMs = SUSPECT_MS + chance * JITTER_MS
  }

  #nextMs(nowMs: number): number {
    const suspectMs =
      this.duty.kind === 'follows' ? this.#reviewerHeardAtMs + this.#patienceMs : Infinity
    const next = Math.min(this.#beatAtMs, suspectMs, this.#claimAtMs ?? Infinity)
    return Math.max(nowMs, next)
  }
}

function isOther(a: Duty, b: Duty): boolean {
  if (a.kind === 'none' || b.kind === 'none') return a.kind !== b.kind
  return a.claim.hash !== b.claim.hash
}
