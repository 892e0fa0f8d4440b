/**
 * The facts of a reviewer: reviews, rejections and positions; and the session opening that an
 * author sends it. Types only; an author's facts are in `facts/types.ts`.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'

/** Version of the protocol. */
export const WIRE_VERSION = 2

/** Why a reviewer rejected a message for good. SPEC.md defines each. */
export type FinalReason =
  | 'unauthorised'
  | 'invalid'
  | 'stale'
  /**
   * A register that it writes has the maximum of live writes. After a resolve, the same edit can be
   * accepted as a new message.
   */
  | 'contested'
  | 'precondition_failed'
  | 'parent_rejected'
  | 'parent_lost'
  | 'seq_reused'
  | 'tampered'
  | 'entity_exists'
  | 'too_large'
  | 'needs_upgrade'
  | 'revoked'

/** Every `FinalReason`, to validate untrusted text. */
export const FINAL_REASONS: ReadonlySet<string> = new Set<FinalReason>([
  'unauthorised',
  'invalid',
  'stale',
  'contested',
  'precondition_failed',
  'parent_rejected',
  'parent_lost',
  'seq_reused',
  'tampered',
  'entity_exists',
  'too_large',
  'needs_upgrade',
  'revoked',
])

/** Reasons of a nack, which is not a verdict: retry later. */
export type NackReason =
  | 'busy'
  | 'unavailable'
  | 'rate_limited'
  | 'compaction_needed'
  | 'unknown_schema'
  | 'parent_unknown'
  | 'not_bound'
  /** The login of the link has expired. */
  | 'unauthorised'
  /** The author's position or chain is unknown to this reviewer. */
  | 'unknown_history'

/** A watermark: the position of a lineage, signed by its reviewer. */
export interface Position {
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  readonly chain: Hash
  readonly sig?: string
}

/** A seq of another lineage. */
export interface OtherPlace {
  readonly eid: Uuid
  readonly seq: number
}

/**
 * The state of a message.
 *
 *   draft ──▶ queued ──▶ sent ──▶ accepted
 *     │                    └────▶ rejected ──▶ dismissed   (its descendants: blocked ──▶ dismissed)
 *     └────▶ volatile (no storage) ──▶ sent
 *
 * One of others is `accepted`; or `unverified`, while the signature of its verdict is checked.
 */
export type MessageState =
  | 'draft'
  | 'queued'
  | 'volatile'
  | 'sent'
  | 'unverified'
  | 'accepted'
  | 'rejected'
  | 'blocked'
  | 'dismissed'

/** The countersignature of one message: one link of the reviewer's chain. */
export interface Review {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  /** An entity of the message had a head that its parents do not include. */
  readonly forked: boolean
  /** The reviewer's clock, ms since 1970. For logs only. */
  readonly at: number
  /** Aligned with the message's changes, if a value was assigned; empty for the other changes. */
  readonly assigned?: readonly Assigned[]
  /**
   * Aligned with the message's changes, if one gave a register its second live write: the value
   * that its author had seen there. Empty where they exceed the bound of a review: all are
   * `unknown`.
   */
  readonly bases?: readonly Bases[] | undefined
  /** Its seqs on lineages that were lost. */
  readonly places?: readonly OtherPlace[]
  /** The last seq that its author had read on each lineage that its `seen` does not name. */
  readonly reads?: readonly OtherPlace[]
}

/** The term of a peer that reviews while the home reviewer is away. */
export interface ProvisionalTerm {
  readonly reviewerId: Uuid
  readonly epoch: number
  readonly isSelf: boolean
}

/** The review of a peer while the home reviewer is away. It is shown, and never stored or final. */
export interface ProvisionalReview {
  readonly isProvisional: true
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
}

/**
 * The value of a register before its live writes diverged, with its version: the value that the
 * author of the second one had seen. `unknown` if there were several, or if it is too long.
 */
export type Base = { readonly version: number; readonly value: Json } | 'nothing' | 'unknown'

/** By register: those where the change added a second live write. */
export type Bases = Readonly<Record<Reg, Base>>

/** Values that the reviewer assigns to a creation, by register; not the author's. */
export type Assigned = Readonly<Record<Reg, Json>>

/** A live write that the author of a `stale` or `contested` message had not seen. */
export interface Standing {
  readonly entityId: Uuid
  readonly type: string
  readonly reg: Reg
  readonly msgId: Uuid
  readonly authorId: Uuid
  /** The stored value, in `schemaVersion`; absent if it is too large. */
  readonly value?: Json
  readonly schemaVersion: number
}

/** Sent to the author only; not in the chain. */
export interface Rejection {
  readonly v: typeof WIRE_VERSION
  readonly space: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly reviewerId: Uuid
  readonly msgId: Uuid
  readonly hash: Hash
  readonly reason: FinalReason
  readonly detail?: string
  /** With `stale` and `contested`: the live writes of the registers that the message wrote. */
  readonly standing?: readonly Standing[]
  readonly at: number
  readonly sig: string
}

/** Sent by an author to the home reviewer of a session: opens its commitment. */
export interface SessionOpening {
  readonly authorId: Uuid
  readonly publicKey: string
  readonly sessionId: Uuid
  readonly personalId: string
  /** 128 random bits, base64url, fresh for each session. */
  readonly salt: string
  /** By the whoami key, over the grant hash of [space, authorId, sessionId, commitment]. */
  readonly sig: string
}
