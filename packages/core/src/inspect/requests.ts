/**
 * Requests to a store, their answers, and commands, as data. All of it is fit for JSON.
 */
import type { Reg } from '../schema/registers.ts'
import type {
  CoverageRecord,
  Dag,
  EntityName,
  EpochSummary,
  MessageRecord,
  QueryRecord,
  RowRecord,
  RowSummary,
  StateRecord,
  StorageRecord,
  SyncRecord,
  TypeRecord,
  VersionedRow,
} from './records.ts'

/** Maximum messages of an answer. */
export const ANSWER_MESSAGES_MAX = 20_000
/** Maximum rows of an answer, and entries of a list of rows. */
export const ANSWER_ROWS_MAX = 500
/** Maximum rows with states in an answer. */
export const ANSWER_STATES_MAX = 20_000
/** Maximum nodes of a history; older ones are cut. */
export const DAG_NODES_MAX = 512

/** The answer of each request. */
export interface Answers {
  readonly sync: SyncRecord
  readonly lineage: readonly EpochSummary[]
  readonly coverage: CoverageRecord
  readonly types: readonly TypeRecord[]
  readonly messages: readonly MessageRecord[]
  readonly rows: readonly RowSummary[]
  readonly states: readonly StateRecord[]
  readonly dagOf: Dag | undefined
  readonly rowAt: RowRecord | undefined
  readonly rowInVersion: VersionedRow | undefined
  readonly queries: readonly QueryRecord[]
  readonly storage: StorageRecord
}

/** Names of the requests. */
export type RequestKind = keyof Answers

/** A request to a store. Lists are bounded by the constants above. */
export type InspectRequest =
  | { readonly kind: 'sync' }
  /** Epochs of the followed lineage in order, then those that parted from it. */
  | { readonly kind: 'lineage' }
  | { readonly kind: 'coverage' }
  | { readonly kind: 'types' }
  | { readonly kind: 'queries' }
  | { readonly kind: 'storage' }
  /** Newest last. `which`: all known messages, those written on this device, or one by name. */
  | {
      readonly kind: 'messages'
      readonly which: 'all' | 'own' | { readonly name: string }
      readonly values: boolean
      readonly limit?: number
    }
  /** `find` searches titles and ids. */
  | { readonly kind: 'rows'; readonly type: string; readonly find?: string }
  /** Heads and live writes of all rows. */
  | { readonly kind: 'states' }
  | ({ readonly kind: 'dagOf' } & EntityName)
  /** The row up to and including the message of that name; without one, the current row. */
  | ({ readonly kind: 'rowAt'; readonly upTo?: string } & EntityName)
  /** The current row, as a build of that version of its type reads it. */
  | ({ readonly kind: 'rowInVersion'; readonly version: number } & EntityName)

/** The request of one kind. */
export type RequestOf<K extends RequestKind> = Extract<InspectRequest, { readonly kind: K }>

/** A command to a store from outside: only what the app itself can do. */
export type InspectCommand =
  /** Offers waiting messages now; a rejected message is written again, on the current state. */
  | { readonly kind: 'retry'; readonly message: string }
  /** Discards a rejected message. */
  | { readonly kind: 'discard'; readonly message: string }
  /** Resolves a register in conflict to the value of the message named by `take`. */
  | ({ readonly kind: 'resolve'; readonly reg: Reg; readonly take: string } & EntityName)

/** Names of the commands. */
export type CommandKind = InspectCommand['kind']

/** The command of one kind. */
export type CommandOf<K extends CommandKind> = Extract<InspectCommand, { readonly kind: K }>

/** Whether a command succeeded; otherwise the reason, as a sentence for people. */
export type CommandOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string }
