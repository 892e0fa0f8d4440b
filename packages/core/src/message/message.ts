/**
 * The two kinds of fact, both immutable: a Message (an author signs what they did) and
 * a Review (a reviewer countersigns it). Types only, as they are hashed and signed;
 * how they travel is the protocol's business.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'

/** Wire version; inside every hash, so that nobody can downgrade it. */
export const WIRE_VERSION = 1

/**
 * How far the author had read when the flush of the message was opened: a prefix of the canonical
 * order of one lineage, and own messages of the same session.
 */
export interface Seen {
  /** The lineage that `seq` counts in; null: its store had never met a reviewer. */
  readonly eid: Uuid | null
  /** The canonical position that was shown; 0 before the first. */
  readonly seq: number
  /** The first 22 characters of the chain at that position; empty at 0. */
  readonly chain: string
  /** clientSeq of the oldest own message that was pending in the view, else the next one. */
  readonly from: number
  /** Own messages from there on that were not in the view: refused, or gone. Sorted. */
  readonly except: readonly number[]
}

/** Pending messages of another session that stood in the author's view of the entity. */
export interface OwnSpan {
  readonly sessionId: Uuid
  /** clientSeqs, both included. */
  readonly from: number
  readonly to: number
  /** Of those between them, the ones that were not in the view. Sorted. */
  readonly except: readonly number[]
}

export type ChangeKind = 'create' | 'update' | 'resolve' | 'migrate'

/** The structure of a change: who follows whom, and which registers are written. */
export interface ChangeMeta {
  readonly type: string
  readonly entityId: Uuid
  /** On create: the session that minted the id, if not this one. */
  readonly sid?: Uuid
  readonly kind: ChangeKind
  readonly schemaVersion: number
  /** Heads of the entity when the author looked; sorted, unique, at most 32; empty only for create. */
  readonly parentCanonicalIds: readonly Uuid[]
  /** The canonical position up to which the author knew the entity, where that is below `Seen.seq`. */
  readonly cut?: number
  /** At most 128, sorted by session and number. */
  readonly own?: readonly OwnSpan[]
  /** Registers this change writes, sorted. */
  readonly regs: readonly Reg[]
  /** Live writes of a register in conflict that this write leaves standing. */
  readonly keep?: Readonly<Record<Reg, readonly Uuid[]>>
}

export interface Change {
  readonly meta: ChangeMeta
  /** Aligned with `meta.regs`; absent after erasure. */
  readonly values?: readonly Json[]
  /** 128 random bits, base64url; hides values of low entropy from a guess at their hash. */
  readonly salt?: string
  /** Present exactly when `values` is absent. */
  readonly valuesHash?: Hash
}

/** A precondition of a whole message: these heads, unchanged. */
export interface Expectation {
  readonly entityId: Uuid
  readonly heads: readonly Uuid[]
}

export interface MessageHeader {
  readonly v: typeof WIRE_VERSION
  readonly space: Uuid
  readonly authorId: Uuid
  readonly sessionId: Uuid
  /** 1, 2, 3… within a session. Finds gaps and duplicates; never orders. */
  readonly clientSeq: number
  /** The author's clock, ms since 1970. For logs only. */
  readonly timestamp: number
  /** Salted commitment to the author's internal personal id. */
  readonly personalCommit: Hash
  readonly seen: Seen
  /** One hash a change, in order. */
  readonly leaves: readonly Hash[]
  readonly expect?: readonly Expectation[]
}

/** The immutable unit of one author: 1..4,096 changes, all or nothing, one verdict. */
export interface Message {
  readonly id: Uuid
  readonly hash: Hash
  readonly header: MessageHeader
  /** Aligned with `header.leaves`; null where this receiver may not see a change. */
  readonly changes: readonly (Change | null)[]
}

/** One signature over the hashes of a whole flush, in the order of their clientSeq. */
export interface Seal {
  readonly hashes: readonly Hash[]
  readonly sig: string
}

/** A flush as it is stored and offered. */
export interface SealedMessages {
  readonly messages: readonly Message[]
  readonly seal: Seal
  readonly publicKey: string
}

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
