/**
 * The claim of a peer to review while the home reviewer is away, and the order of claims. A claim names
 * the position of home that it continues, so it can be compared with what others have of home; and the
 * newest position that its reviewer has, which may be one of an earlier claim.
 */
import { type Hash, hash } from '../base/hash.ts'
import { type Uuid, compareText } from '../base/uuid.ts'
import { shortId } from '../facts/ids.ts'
import type { Position } from '../facts/message.ts'

/** How far a peer is. */
export interface Reached {
  /** The newest position of home. */
  readonly home: Position
  /** The newest position of all: that of home, or one that a provisional reviewer has signed after it. */
  readonly end: Position
}

/** What a peer claims: the term that it opens on `end`. */
export interface ClaimedTerm extends Reached {
  readonly epoch: number
  readonly reviewerId: Uuid
}

/** A term, and what names it. */
export interface Claim extends ClaimedTerm {
  readonly hash: Hash
}

/** The claim of a term. Its hash is what the reviewer signs. */
export function claimOf(space: Uuid, term: ClaimedTerm): Claim {
  const { epoch, reviewerId, home, end } = term
  const places = [home, end].map(({ eid, epoch: of, seq, chain }) => [shortId(eid), of, seq, chain])
  return {
    ...term,
    hash: hash('cs/claim', [shortId(space), epoch, shortId(reviewerId), ...places]),
  }
}

/** Whether a claim takes the place of another one: the higher epoch, or else the smaller hash. */
export function isAbove(claim: Claim, other: Claim | undefined): boolean {
  if (!other || claim.epoch !== other.epoch) return claim.epoch > (other?.epoch ?? 0)
  return compareText(claim.hash, other.hash) < 0
}

type Place = Pick<Position, 'epoch' | 'seq'>

/** Compares positions of home: epochs of one reviewer follow each other. */
export function comparePlaces(a: Place, b: Place): number {
  return a.epoch - b.epoch || a.seq - b.seq
}

/** Compares how far two peers are: by their positions of home first, then by what is provisional. */
export function compareReached(a: Reached, b: Reached): number {
  return comparePlaces(a.home, b.home) || comparePlaces(a.end, b.end)
}

/** The place of a candidate among others: by a hash that no peer can choose, another one for each epoch. */
export function rankOf(
  id: Uuid,
  others: Iterable<Uuid>,
  { space, epoch }: { readonly space: Uuid; readonly epoch: number },
): number {
  const lot = (one: Uuid): Hash => hash('cs/rank', [shortId(space), epoch, shortId(one)])
  const own = lot(id)
  return [...others].filter((one) => one !== id && compareText(lot(one), own) < 0).length
}
