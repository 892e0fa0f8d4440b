/**
 * What a reviewer writes: batches of accepted messages with their reviews, and records that take a
 * seq of their own. Plain data with full ids; the layout of the texts is in `spec/texts.md`.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Salt } from '../facts/ids.ts'
import type { Change, Flush, Message, Seen, Session } from '../facts/types.ts'
import type { Reg } from '../schema/registers.ts'

/** A line, or what stands in its place: its hash (own, refused, withheld, erased). */
export interface Place {
  readonly hash: Hash
  readonly line?: string | undefined
}

/** The value of a base, beside the review. */
export interface BaseValue {
  readonly version: number
  readonly value: Json
  readonly salt: Salt
}

/** What the author of a change saw in a register that the change leaves with two live writes. */
export interface Base {
  /** Which change of the message, counted from 0. */
  readonly change: number
  /** Which register of the change, counted from 0. */
  readonly reg: number
  /** Seq of the write; 0: the register was unset; null: several stood, or it is not known. */
  readonly seq: number | null
  /** Hash of the line of the value, where one travels or was erased; a composer makes it of `value`. */
  readonly valueHash?: Hash | undefined
  /** Absent where it does not travel: too large, withheld, or erased. */
  readonly value?: BaseValue | undefined
}

/** Values that the reviewer gives to a create. */
export interface Assigned {
  readonly change: number
  readonly values: Readonly<Record<Reg, Json>>
}

/** The seq of a message on another lineage. */
export interface OtherPlace {
  readonly eid: Uuid
  readonly seq: number
}

/** What the reviewer adds to an accepted message; most messages have none. */
export interface Review {
  /** By change and register, ascending. */
  readonly bases: readonly Base[]
  /** By change, ascending. */
  readonly assigned: readonly Assigned[]
  /** By lineage, ascending. */
  readonly places: readonly OtherPlace[]
  readonly salt: Salt
}

/** A flush as it was judged: which of its messages, and which of these were accepted. */
export interface JudgedFlush {
  readonly session: Session
  readonly flush: Flush
  /** Messages from `first` up to `end`, excluded: counted from 0. All: 0 and their number. */
  readonly first: number
  readonly end: number
  /** One for each message from `first` on. */
  readonly verdicts: readonly JudgedMessage[]
}

/** What a reviewer decided about one message; those that are refused have no review. */
export interface JudgedMessage {
  readonly accepted: boolean
  readonly review?: Review | undefined
}

/** An accepted message as a follower reads it. */
export interface Accepted {
  readonly seq: number
  readonly id: Uuid
  readonly hash: Hash
  readonly session: Session
  readonly seen: Seen
  /** The reader has it: a hash stands in the place of its last line. */
  readonly isOwn: boolean
  /** Null where it is the reader's own, or where a line of it is redacted. */
  readonly message: Message | null
  /** Of a message with redacted lines: the changes that are left. */
  readonly rest: readonly Change[]
  /** Null: it needs none, or it is erased. */
  readonly review: Review | null
}

/** A batch as a follower reads it, its hashes checked; the chain is compared by the caller. */
export interface Batch {
  readonly fromSeq: number
  readonly throughSeq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly accepted: readonly Accepted[]
  /** Sessions whose line stands in this batch: they have the next numbers. */
  readonly newSessions: readonly Session[]
  /** The chain after this batch. */
  readonly chain: Hash
}
