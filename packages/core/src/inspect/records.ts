/**
 * What devtools may see of a replica, as plain data: fit for JSON, for a channel to another
 * window, and for a file. Owns the shapes alone; who fills them is the replica.
 *
 * Nothing here has a place for a private key, for the opening of a personal id, or for a salt:
 * what cannot be said cannot leak (S18).
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { ChangeKind } from '../facts/types.ts'
import type { FinalReason, Position } from '../facts/message.ts'
import type { StorageTrouble } from '../ports/storage.ts'
import type { Reg } from '../schema/registers.ts'

/** Version of everything that crosses this door. */
export const INSPECT_VERSION = 1

/** How far a message has come; the picture is at `EntryState` in `history/entry.ts`. */
export type MessageState =
  | 'draft'
  | 'queued'
  | 'volatile'
  | 'sent'
  | 'accepted'
  | 'rejected'
  | 'blocked'
  | 'dismissed'

/** Every `MessageState`, in the order of a message's life. */
export const MESSAGE_STATES: readonly MessageState[] = [
  'draft',
  'queued',
  'volatile',
  'sent',
  'accepted',
  'rejected',
  'blocked',
  'dismissed',
]

/** Names one row of one type. */
export interface EntityName {
  readonly type: string
  readonly id: Uuid
}

/** A message as the feed names it. `id` is there once somebody needed it. */
export interface MessageRef {
  /** `sessionId:clientSeq`; the id where a snapshot told no more. */
  readonly name: string
  readonly authorId: Uuid
  readonly id: Uuid | undefined
  /** The first few entities it changes. */
  readonly entities: readonly EntityName[]
  /** How many it changes in all. */
  readonly changes: number
}

/** What a message does to one row, by register. */
export interface ChangeRecord extends EntityName {
  readonly kind: ChangeKind
  /** Schema version of the type that its author wrote in. */
  readonly version: number
  readonly regs: readonly Reg[]
  /** Aligned with `regs`; absent when values were not asked for. */
  readonly values?: readonly Json[]
  /** Names of the messages its author had seen last. */
  readonly parents: readonly string[]
  /** Names of live writes that it left standing, by register. */
  readonly keep?: Readonly<Record<Reg, readonly string[]>>
}

/** Where a message stands in canonical order, and who put it there. */
export interface ReviewRecord {
  readonly reviewerId: Uuid
  readonly eid: Uuid
  readonly epoch: number
  readonly seq: number
  /** It stood beside another head of some entity. */
  readonly forked: boolean
  /** The reviewer's clock, ms since 1970. */
  readonly at: number
}

/**
 * Why a message was refused. `damaged` is no verdict: the storage lost what it takes to send it.
 */
export interface Refusal {
  readonly reason: FinalReason | 'damaged'
  readonly detail: string | undefined
}

/** One message with all that the replica knows of it. */
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
  /** About how many bytes it has. */
  readonly bytes: number
  /** Order among what has no review yet. */
  readonly arrival: number
  readonly changes: readonly ChangeRecord[]
  readonly review: ReviewRecord | null
  readonly refusal: Refusal | undefined
  /** Refused messages that it stands on, by name: without them it cannot count. */
  readonly blockedBy?: readonly string[]
  /** Of a decision that came too late: what somebody else had decided before. */
  readonly standing?: readonly StandingRecord[]
}

/** A value that stood in a register when a decision about it arrived. */
export interface StandingRecord extends EntityName {
  readonly reg: Reg
  readonly authorId: Uuid
  /** Absent when values were not asked for, or when it was too large to be told. */
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

/** The history of an entity, as far as it is here; nodes in canonical order. */
export interface Dag extends EntityName {
  readonly nodes: readonly DagNode[]
  /** Older history is not here: let go, or never had. */
  readonly cut: boolean
  /** Who looks: to an author their own newest write is shown. */
  readonly viewerId: Uuid | undefined
}

/** A value, and the name of the message that wrote it. */
export interface LiveValue {
  readonly node: string
  readonly value: Json
}

/** One register of a row: what is shown, and what stands behind it. */
export interface FieldRecord {
  readonly reg: Reg
  /** What is shown. Absent: unset. */
  readonly value: Json | undefined
  /** Live writes, in canonical order. */
  readonly live: readonly LiveValue[]
  /** Distinct values among them; more than one is a conflict. */
  readonly candidates: readonly LiveValue[]
  readonly conflict: boolean
  /** The value before they parted, where it is known. */
  readonly base: Json | undefined
}

/** A row as the store folds it: its heads, and what is live in each register. */
export interface StateRecord extends EntityName {
  readonly heads: readonly string[]
  readonly live: Readonly<Record<Reg, readonly LiveValue[]>>
}

/** A row at some moment of its history. */
export interface RowRecord extends EntityName {
  /** Name of the last message that counts; undefined: there is none yet. */
  readonly upTo: string | undefined
  readonly fields: readonly FieldRecord[]
  readonly heads: readonly string[]
  readonly archived: boolean
}

/** A row in a list. */
export interface RowSummary {
  readonly id: Uuid
  /** The first text in it, for people. */
  readonly title: string
  readonly state: string
  readonly archived: boolean
  readonly conflicts: number
  readonly orderKey: string
}

/** One schema version of a type. */
export interface VersionRecord {
  readonly version: number
  /** Which register each field is. */
  readonly fields: readonly { readonly name: string; readonly reg: Reg }[]
  /** The steps that lead here from the version before, in words. */
  readonly steps: readonly string[]
}

/** A type that the store knows, its versions and its size. */
export interface TypeRecord {
  readonly name: string
  /** Version this build reads and writes in. */
  readonly version: number
  /** All it knows; version 1 stands first. */
  readonly versions: readonly VersionRecord[]
  readonly rows: number
  readonly registers: readonly Reg[]
  readonly indexes: readonly string[]
}

/** A register as one version sees what another wrote. */
export interface VersionedField {
  readonly reg: Reg
  /** What that version calls it; undefined: it has no such field. */
  readonly name: string | undefined
  /** Version of the writer whose value is shown. */
  readonly writtenIn: number
  /** `opaque`: it takes a build that knows more; `invalid`: the value has no form there. */
  readonly kind: 'value' | 'unset' | 'invalid' | 'absent' | 'opaque'
  readonly value: Json | undefined
  /** The lens steps between the writer and this version, in words. */
  readonly path: readonly string[]
}

/** One row read in one version. */
export interface VersionedRow extends EntityName {
  readonly version: number
  readonly fields: readonly VersionedField[]
}

/** Who the store is, whom it talks to, and how far both are. Times are in ms since 1970. */
export interface SyncRecord {
  readonly space: Uuid
  readonly authorId: Uuid | undefined
  readonly sessionId: Uuid | undefined
  readonly reviewerId: Uuid | null
  readonly connection: string
  readonly connectionNote: string | undefined
  readonly caughtUp: boolean
  readonly position: Position | null
  readonly outboxMessages: number
  readonly outboxBytes: number
  readonly outboxOldestAt: number | undefined
  readonly rejectedMessages: number
  readonly storage: string
  readonly storageTrouble: StorageTrouble | 'damaged' | undefined
  readonly halted: string | undefined
}

/** A live query and what it costs. */
export interface QueryRecord {
  readonly type: string
  /** The query as the app gave it. */
  readonly query: Json
  readonly listeners: number
  readonly rows: number
  readonly complete: boolean
  /** Changes that reached its rows since it was first asked. */
  readonly updates: number
  /** Reads since devtools look, and how long they took in all. */
  readonly reads: number
  readonly readMs: number
}

/** Records of one kind in the storage, and their size. */
export interface StoragePart {
  readonly kind: 'own' | 'tail' | 'rejections' | 'checkpoint'
  readonly records: number
  readonly bytes: number
}

/** The storage of the store: its health, its contents, and what waits in it. */
export interface StorageRecord {
  readonly health: string
  readonly trouble: StorageTrouble | 'damaged' | undefined
  /** undefined: nothing is stored, or it cannot be read. */
  readonly parts: readonly StoragePart[] | undefined
  /** Stored flushes that wait for verdicts. */
  readonly outboxFlushes: number
  /** Ranks of the stored position and checkpoint: a checkpoint takes in all up to its own. */
  readonly rank: number | undefined
  readonly checkpointRank: number | undefined
}
