/**
 * The facts of an author, as plain data with absolute numbers and full ids. The other files here
 * encode and parse their texts; `spec/texts.md` has the layout.
 *
 * A *flush* is a head and 1 to 256 messages of one session, hashed and sealed together.
 */
import type { Hash } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import type { Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'
import type { ChainPrefix, Salt } from './ids.ts'

/**
 * The purpose of a change. `create` adds an entity, `resolve` decides a conflict, `migrate`
 * rewrites values in a newer version.
 */
export type ChangeKind = 'create' | 'update' | 'resolve' | 'migrate'

/** Version of the texts; in the session line, so in every hash. */
export const TEXT_VERSION = 2

/** Common to all messages of one session. */
export interface SessionFacts {
  readonly space: Uuid
  readonly authorId: Uuid
  readonly sessionId: Uuid
  /** Salted commitment to the author's internal personal id. */
  readonly personalCommit: Hash
  /**
   * The lineage that the store followed when the session opened; null before the first reviewer.
   */
  readonly eid: Uuid | null
}

/** A session with its text. */
export interface Session {
  readonly facts: SessionFacts
  readonly line: string
  readonly hash: Hash
}

/** Common to changes of one form: the registers that they write, of which type, and how. */
export interface Shape {
  readonly type: string
  readonly kind: ChangeKind
  readonly schemaVersion: number
  /** Sorted by code unit, unique, 1 to 128. */
  readonly regs: readonly Reg[]
}

/** The author's view when the flush was opened. */
export interface Seen {
  /** The last canonical seq in view; 0 for none. */
  readonly seq: number
  /** The chain at `seq`; '' if it is 0. */
  readonly chain: ChainPrefix
  /** Own messages of this session with a clientSeq from here on are in view… */
  readonly from: number
  /**
   * …except these (rejected or lost): ascending, above `from`, below the first message of the
   * flush.
   */
  readonly except: readonly number[]
  /** The lineage of `seq`; null if it is 0. */
  readonly eid: Uuid | null
}

/** The author knew the entity only up to this seq; below `seen.seq`. */
export type Cut = number

/**
 * Pending messages of another session of the same device and author, or an unverified one of any
 * author: `clientSeq`, and those of the same entity from `from` up to it, except some. `from ===
 * clientSeq`: that message alone.
 */
export interface OwnSpan {
  readonly sessionId: Uuid
  readonly clientSeq: number
  /** 1 to `clientSeq`. */
  readonly from: number
  /** Ascending, between `from` and `clientSeq`, both excluded. */
  readonly except: readonly number[]
}

/** Names of messages, as parents or as live writes to keep. */
export interface Names {
  /** Seqs, ascending, at most 32. */
  readonly canonical: readonly number[]
  /** clientSeqs of this session, ascending; with `others` at most 1,024. */
  readonly own: readonly number[]
  /** By session id, ascending, one a session. In `keep`, `from` equals `clientSeq`. */
  readonly others: readonly OwnSpan[]
}

/** Live writes of a register that this change does not overwrite. */
export interface Kept {
  readonly reg: Reg
  readonly names: Names
}

/** The change that a message makes to one entity. */
export interface Change {
  readonly shape: Shape
  readonly entityId: Uuid
  /** Heads of the entity in the author's view; empty for a create only. */
  readonly parents: Names
  /** Aligned with `shape.regs`. */
  readonly values: readonly Json[]
  /** By register, ascending; absent if nothing is kept. */
  readonly keep?: readonly Kept[]
  readonly cut?: Cut
  /** Sessions with a pending write in view that no parent names; by session id, at most 128. */
  readonly own?: readonly OwnSpan[]
  /** On create: the session that minted the entity's id, if another one. */
  readonly sid?: Uuid
}

/** A precondition: the message's author had seen every head of this entity. */
export interface Expectation {
  readonly entityId: Uuid
  readonly cut?: Cut
  readonly own?: readonly OwnSpan[]
}

/** The unit of one author: 1 to 4,096 changes, each of another entity; all or nothing. */
export interface Message {
  /** 1, 2, 3… within a session; a flush has them ascending. */
  readonly clientSeq: number
  /** The author's clock, ms since 1970. For logs only. */
  readonly time: number
  readonly changes: readonly Change[]
  /**
   * One for each line: one for a message of one change, else one a change and one for the outer
   * line.
   */
  readonly salts: readonly Salt[]
  /** By entity id, ascending. */
  readonly expect?: readonly Expectation[]
}

/** A message with its id, and with its session and `seen`. */
export interface AuthoredMessage extends Message {
  readonly id: Uuid
  /** Hash of its last line. */
  readonly hash: Hash
  readonly session: Session
  readonly seen: Seen
}

/** Common to the messages of one flush. */
export interface Head {
  /** `time` of the first message, ms since 1970. */
  readonly baseTime: number
  /** In the order of their first use. */
  readonly shapes: readonly Shape[]
  readonly seen: Seen
}

/** A flush as it is stored and sent. Independent of hashes. */
export interface FlushText {
  readonly head: string
  readonly lines: readonly string[]
}

/** All hashes of a flush, made by `flushHashes`. */
export interface FlushHashes {
  readonly session: Hash
  readonly head: Hash
  /** Aligned with the lines. */
  readonly lines: readonly Hash[]
}

/** A flush: values, text, hashes. */
export interface Flush {
  readonly head: Head
  readonly messages: readonly Message[]
  /** Ids of `messages`. */
  readonly ids: readonly Uuid[]
  readonly text: FlushText
  readonly hashes: FlushHashes
  /** Bytes of head and lines, each with its U+000A. */
  readonly bytes: Bytes
}
