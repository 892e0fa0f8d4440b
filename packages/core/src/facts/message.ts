/**
 * What a reviewer says: its reviews, refusals and positions; and what an author shows it of a
 * session. Types only; what an author says is in `facts/types.ts`.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'

/** Version of the protocol. */
export const WIRE_VERSION = 2

/** Why a reviewer refused a message for good. SPEC.md says what each means. */
export type FinalReason =
  | 'unauthorised'
  | 'invalid'
  | 'stale'
  | 'precondition_failed'
  | 'parent_rejected'
  | 'parent_compacted'
  | 'seq_reused'
  | 'tampered'
  | 'entity_exists'
  | 'too_large'
  | 'needs_upgrade'
  | 'session_expired'

/** Every `FinalReason`, to check an untrusted text against. */
export const FINAL_REASONS: ReadonlySet<string> = new Set<FinalReason>([
  'unauthorised',
  'invalid',
  'stale',
  'precondition_failed',
  'parent_rejected',
  'parent_compacted',
  'seq_reused',
  'tampered',
  'entity_exists',
  'too_large',
  'needs_upgrade',
  'session_expired',
])

/** Reasons that carry no verdict: try again later. */
export type NackReason =
  | 'busy'
  | 'unavailable'
  | 'rate_limited'
  | 'compaction_needed'
  | 'unknown_schema'
  | 'parent_unknown'
  | 'not_bound'
  /** The author names a position, or a chain, that this reviewer does not have. */
  | 'unknown_history'
  /** The register has as many live writes as it may have. The message can be accepted after a resolve. */
  | 'contested'

/** The watermark used everywhere: how far a lineage has come, vouched for by its reviewer. */
export interface Position {
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  readonly chain: Hash
  readonly sig?: string
}

/** The record that opens a term of a reviewer. */
export interface EpochOpen {
  readonly v: typeof WIRE_VERSION
  readonly space: Uuid
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: 0
  readonly prev: Position | null
  readonly reviewerKey: string
  readonly why: 'genesis' | 'handover' | 'restore' | 'claim'
  readonly at: number
  readonly chain: Hash
  readonly sig: string
}

/** The countersignature of one message: one link of the reviewer's chain. */
export interface Review {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  /** Some entity of the message had a head that its parents do not include. */
  readonly forked: boolean
  /** The reviewer's clock, ms since 1970. For logs only. */
  readonly at: number
  /** Aligned with the message's changes, where some value was assigned; empty for the other changes. */
  readonly assigned?: readonly Assigned[]
  /**
   * Aligned with the message's changes, where one gave a register its second live write: what the
   * author saw there. Empty where they are more than a review may say: all of them are `unknown`.
   */
  readonly bases?: readonly Bases[] | undefined
}

/**
 * What stood in a register before its live writes parted, with the version it was written in:
 * what the author of the second one saw there. It is `unknown` where several stood, or where it is
 * too long to be said.
 */
export type Base = { readonly version: number; readonly value: Json } | 'nothing' | 'unknown'

/** By register: those that the change left with two live writes where one stood. */
export type Bases = Readonly<Record<Reg, Base>>

/** Values that the reviewer gives to a creation, by register: they are not the author's. */
export type Assigned = Readonly<Record<Reg, Json>>

/** A live write that the author of a `stale` message had not seen. */
export interface Standing {
  readonly entityId: Uuid
  readonly type: string
  readonly reg: Reg
  readonly msgId: Uuid
  readonly authorId: Uuid
  /** As it was written, in `schemaVersion`; absent where it is too large to be told here. */
  readonly value?: Json
  readonly schemaVersion: number
}

/** Goes to the author only; not in the chain. */
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
  /** With `stale`: what stands in the registers that the message wrote. */
  readonly standing?: readonly Standing[]
  readonly at: number
  readonly sig: string
}

/** What an author shows the home reviewer of a session: the opening of its commitment. */
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
