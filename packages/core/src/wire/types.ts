/**
 * The texts of a reviewer as plain data with full ids: batches of accepted messages with their
 * reviews, and records with a seq of their own. `spec/texts.md` has the layout of the texts.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Salt } from '../facts/ids.ts'
import type { Flush, Message, Seen, Session } from '../facts/types.ts'
import type { OtherPlace } from '../facts/message.ts'
import type { Reg } from '../schema/registers.ts'
import type { FlushEntry } from './first-line.ts'
import type { Epoch, RedactRecord } from './records.ts'

/** A line, or the hash that replaces it (own, rejected, withheld). */
export interface Place {
  readonly hash: Hash
  readonly line?: string | undefined
  /** The line is what an erasure has left of one with that hash. */
  readonly isErased?: true
}

/** The value of a base, sent with the review. */
export interface BaseValue {
  readonly version: number
  readonly value: Json
  readonly salt: Salt
}

/** The value that the author of a change had seen in a register that now has two live writes. */
export interface Base {
  /** Index of the change in the message. */
  readonly change: number
  /** Index of the register in the change. */
  readonly reg: number
  /** Seq of the write; 0: the register was unset; null: several live writes, or unknown. */
  readonly seq: number | null
  /** Hash of the value's line, if it was sent or erased; a composer computes it from `value`. */
  readonly valueHash?: Hash | undefined
  /** Absent if it is not sent: too large, withheld, or erased. */
  readonly value?: BaseValue | undefined
}

/** Values that the reviewer assigns to a create. */
export interface Assigned {
  readonly change: number
  readonly values: Readonly<Record<Reg, Json>>
}

/** The data that the reviewer adds to an accepted message; most messages have none. */
export interface Review {
  /** By change and register, ascending. */
  readonly bases: readonly Base[]
  /** By change, ascending. */
  readonly assigned: readonly Assigned[]
  /** By lineage, ascending. */
  readonly places: readonly OtherPlace[]
  /**
   * The last seqs that its author had read on lineages that `seen` does not name, by lineage,
   * ascending: on this lineage, and on others where messages of the entity have places.
   */
  readonly reads: readonly OtherPlace[]
  readonly salt: Salt
}

/** A flush in a batch, with the hash of each line. */
export interface FlushLayout {
  readonly entry: FlushEntry
  readonly session: Session
  readonly head: string
  readonly headHash: Hash
  readonly places: readonly Place[]
}

/** A judged flush: a range of its messages, with their verdicts. */
export interface JudgedFlush {
  readonly session: Session
  readonly flush: Flush
  /** Messages from index `first` up to `end`, excluded. All: 0 and their number. */
  readonly first: number
  readonly end: number
  /** One for each message from `first` on. */
  readonly verdicts: readonly JudgedMessage[]
  /** For a flush that was in another batch before: its form in this one. */
  readonly layout?: FlushLayout
}

/** A reviewer's verdict on one message; rejected ones have no review. */
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
  /** The reader has the message: its last line is a hash. */
  readonly isOwn: boolean
  /** Null if it is the reader's own. */
  readonly message: Message | null
  /** Null if it is empty. */
  readonly review: Review | null
}

/** A batch as a follower reads it, with its hashes checked; the caller compares the chain. */
export interface Batch {
  readonly fromSeq: number
  readonly throughSeq: number
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
  readonly accepted: readonly Accepted[]
  /** Sessions with a line in this batch: they have the next numbers. */
  readonly newSessions: readonly Session[]
  /** The chain after this batch. */
  readonly chain: Hash
  /** Of a record that opens an epoch, which takes a seq and has no messages. */
  readonly epoch?: Epoch
  /** Of a record that erases values, which takes a seq and has no messages. */
  readonly redact?: RedactRecord
}
