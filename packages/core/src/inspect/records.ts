/**
 * The data of a replica that devtools can read, as plain data: fit for JSON, for a channel to
 * another window, and for a file. Owns the shapes only; the replica fills them.
 *
 * No record has a field for a private key, for the opening of a personal id, or for a salt, so
 * none can leak (S18).
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ChangeKind } from '../facts/types.ts'
import type {
  FinalReason,
  MessageState,
  Position,
  ProvisionalTerm,
  Review,
} from '../facts/message.ts'
import type { StorageHealth } from '../ports/storage-care.ts'
import type { StorageTrouble } from '../ports/storage.ts'
import type { Reg } from '../schema/registers.ts'

/** Version of all data of this door. */
export const INSPECT_VERSION = 1

/** Every `MessageState`, in the order of a message's life. */
export const MESSAGE_STATES: readonly MessageState[] = [
  'draft',
  'queued',
  'volatile',
  'sent',
  'unverified',
  'accepted',
  'rejected',
  'blocked',
  'dismissed',
]

/** One row of one type. */
export interface EntityName {
  readonly type: string
  readonly id: Uuid
}

/** A message in the feed. `id` is set once it was computed. */
export interface MessageRef {
  /** `sessionId:clientSeq`; the id if a snapshot has no more. */
  readonly name: string
  readonly authorId: Uuid
  readonly id: Uuid | undefined
  /** The first few entities it changes. */
  readonly entities: readonly EntityName[]
  /** Number of all entities that it changes. */
  readonly changes: number
}

/** The change that a message makes to one row, by register. */
export interface ChangeRecord extends EntityName {
  readonly kind: ChangeKind
  /** Schema version of the type that its author wrote in. */
  readonly version: number
  readonly regs: readonly Reg[]
  /** Aligned with `regs`; absent when values were not requested. */
  readonly values?: readonly Json[]
  /** Names of the heads that its author had seen. */
  readonly parents: readonly string[]
  /** Names of live writes that it does not overwrite, by register. */
  readonly keep?: Readonly<Record<Reg, readonly string[]>>
}

/** The place of a message in canonical order, and its reviewer. */
export type ReviewRecord = Pick<Review, 'reviewerId' | 'eid' | 'epoch' | 'seq' | 'forked' | 'at'>

/**
 * Why a message was rejected. `damaged` is not a verdict: the storage lost data that is needed to
 * send it.
 */
export interface RefusalRecord {
  readonly reason: FinalReason | 'damaged'
  readonly detail: string | undefined
}

/** One message with all that the replica knows about it. */
export interface MessageRecord {
  readonly name: string
  readonly id: Uuid | undefined
  readonly authorId: Uuid
  readonly sessionId: Uuid
  readonly clientSeq: number
  /** Written on this device. */
  readonly own: boolean
  readonly state: MessageState
  /** The author's clock, ms since 1970. */
  readonly timestamp: number
  /** Approximate size. */
  readonly bytes: number
  /** Order among messages without a review. */
  readonly arrival: number
  readonly changes: readonly ChangeRecord[]
  readonly review: ReviewRecord | null
  readonly refusal: RefusalRecord | undefined
  /** Names of rejected messages that it depends on: without them it cannot be accepted. */
  readonly blockedBy?: readonly string[]
  /** For a `stale` or `contested` message: the live writes that its author had not seen. */
  readonly standing?: readonly StandingRecord[]
}

/** A value in a register when a message arrived that was refused for it. */
export interface StandingRecord extends EntityName {
  readonly reg: Reg
  readonly authorId: Uuid
  /** Absent when values were not requested, or when it was too large. */
  readonly value?: Json
}

/** One message's change of one entity: a node of its DAG. */
export interface DagNode {
  readonly name: string
  readonly id: Uuid | undefined
  readonly authorId: Uuid
  readonly state: MessageState
  readonly timestamp: number
  readonly arrival: number
  readonly review: ReviewRecord | null
  /** `hex(epoch).hex(seq).hex(index)`, or `~…` while it has no review. */
  readonly orderKey: string
  readonly kind: ChangeKind
  readonly version: number
  readonly values: Readonly<Record<Reg, Json>>
  readonly parents: readonly string[]
  readonly keep: Readonly<Record<Reg, readonly string[]>> | undefined
}

/** The history of an entity, as far as it is stored; nodes in canonical order. */
export interface Dag extends EntityName {
  readonly nodes: readonly DagNode[]
  /** Older history is missing: deleted, or never received. */
  readonly cut: boolean
  /** The reader: an author sees their own newest write. */
  readonly viewerId: Uuid | undefined
}

/** A value, and the name of the message that wrote it. */
export interface LiveValue {
  readonly node: string
  readonly value: Json
}

/** One register of a row: the shown value, and its live writes. */
export interface FieldRecord {
  readonly reg: Reg
  /** The shown value. Absent: unset. */
  readonly value: Json | undefined
  /** Live writes, in canonical order. */
  readonly live: readonly LiveValue[]
  /** Distinct values among them; more than one is a conflict. */
  readonly candidates: readonly LiveValue[]
  readonly conflict: boolean
  /** The value before they diverged, if it is known. */
  readonly base: Json | undefined
}

/** The state of a row in the store: its heads, and the live writes of each register. */
export interface StateRecord extends EntityName {
  readonly heads: readonly string[]
  readonly live: Readonly<Record<Reg, readonly LiveValue[]>>
}

/** A row at a moment of its history. */
export interface RowRecord extends EntityName {
  /** Name of the last message included; undefined: none. */
  readonly upTo: string | undefined
  readonly fields: readonly FieldRecord[]
  readonly heads: readonly string[]
  readonly archived: boolean
}

/** A row in a list. */
export interface RowSummary {
  readonly id: Uuid
  /** The first text field, for people. */
  readonly title: string
  readonly state: string
  readonly archived: boolean
  readonly conflicts: number
  readonly orderKey: string
}

/** One schema version of a type. */
export interface VersionRecord {
  readonly version: number
  /** The register of each field. */
  readonly fields: readonly { readonly name: string; readonly reg: Reg }[]
  /** The steps from the previous version, as sentences. */
  readonly steps: readonly string[]
}

/** A type that the store knows, its versions and its size. */
export interface TypeRecord {
  readonly name: string
  /** Version that this build reads and writes. */
  readonly version: number
  /** All known versions; version 1 is first. */
  readonly versions: readonly VersionRecord[]
  readonly rows: number
  readonly registers: readonly Reg[]
  readonly indexes: readonly string[]
}

/** A register in one version, translated from the version that wrote it. */
export interface VersionedField {
  readonly reg: Reg
  /** The name of the field in that version; undefined: it has no such field. */
  readonly name: string | undefined
  /** Version of the writer whose value is shown. */
  readonly writtenIn: number
  /** `opaque`: needs a newer build; `invalid`: the value cannot be translated to that version. */
  readonly kind: 'value' | 'unset' | 'invalid' | 'absent' | 'opaque'
  readonly value: Json | undefined
  /** The lens steps between the writer and this version, as sentences. */
  readonly path: readonly string[]
}

/** One row read in one version. */
export interface VersionedRow extends EntityName {
  readonly version: number
  readonly fields: readonly VersionedField[]
}

/** Identity, connection and progress of a store. Times are in ms since 1970. */
export interface SyncRecord {
  readonly space: Uuid
  readonly authorId: Uuid | undefined
  readonly sessionId: Uuid | undefined
  readonly reviewerId: Uuid | null
  readonly connection: string
  readonly connectionNote: string | undefined
  readonly caughtUp: boolean
  readonly position: Position | null
  /** The peer that reviews while the reviewer is away. */
  readonly provisional: ProvisionalTerm | undefined
  readonly outboxMessages: number
  readonly outboxBytes: number
  readonly outboxOldestAt: number | undefined
  readonly rejectedMessages: number
  readonly storage: string
  readonly storageTrouble: StorageTrouble | 'damaged' | undefined
  readonly storageHealth: StorageHealth | undefined
  readonly halted: string | undefined
}

/** A term of a reviewer: of the lineage that the store follows, or parted from it. */
export interface EpochSummary {
  readonly eid: Uuid
  readonly epoch: number
  readonly why: string
  /** The reviewer's clock at its first record, ms since 1970. */
  readonly at: number
  /** The seq of its first record. */
  readonly seq: number
  /** The position that it continues; null: a space began. */
  readonly continues: Pick<Position, 'epoch' | 'seq'> | null
  readonly isFollowed: boolean
}

/** Rows that a store of scopes keeps up to date. */
export interface ScopeSummary {
  readonly type: string
  /** Conditions of its rows, by register; `{}`: all rows of the type. */
  readonly where: Json
  /** Queries, pages and calls of `follow` that need it. */
  readonly holders: number
  /** Whether all of its rows are here. */
  readonly isCovered: boolean
}

/** What a store asks the reviewer for. */
export interface CoverageRecord {
  /** undefined: the whole space. */
  readonly scopes: readonly ScopeSummary[] | undefined
  /** Pages of rows whose end was asked for and is not known yet. */
  readonly pagesAsked: number
}

/** A live query and its cost. */
export interface QueryRecord {
  readonly type: string
  /** The query as the app gave it. */
  readonly query: Json
  readonly listeners: number
  readonly rows: number
  readonly complete: boolean
  /** Changes of its rows since it was created. */
  readonly updates: number
  /** Reads since devtools subscribed, and their total time. */
  readonly reads: number
  readonly readMs: number
}

/** Records of one kind in the storage, and their size. */
export interface StoragePart {
  readonly kind: 'own' | 'tail' | 'rejections' | 'checkpoint'
  readonly records: number
  readonly bytes: number
}

/** The storage of the store: its health, its contents, and its outbox. */
export interface StorageRecord {
  readonly health: string
  readonly trouble: StorageTrouble | 'damaged' | undefined
  /** undefined: nothing is stored, or it cannot be read. */
  readonly parts: readonly StoragePart[] | undefined
  /** Stored flushes that wait for verdicts. */
  readonly outboxFlushes: number
  /** Ranks of the stored position and checkpoint: a checkpoint includes all up to its own. */
  readonly rank: number | undefined
  readonly checkpointRank: number | undefined
}
