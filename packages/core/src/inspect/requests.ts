/**
 * What can be asked of a store and what can be done with it, as data: requests, their answers,
 * and commands. All of it is fit for JSON.
 */
import type { Reg } from '../schema/registers.ts'
import type {
  Dag,
  EntityName,
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

/** Messages and rows an answer has at the most. */
export const ANSWER_MESSAGES_MAX = 20_000
/** Rows an answer has at the most, and entries of a list of rows. */
export const ANSWER_ROWS_MAX = 500
/** Rows whose states an answer has at the most. */
export const ANSWER_STATES_MAX = 20_000
/** Nodes of a history, the newest; what is before them is cut. */
export const DAG_NODES_MAX = 512

/** What can be asked, and what the answer is. */
export interface Answers {
  readonly sync: SyncRecord
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

/** What can be asked of a store. Lists are bounded by the constants above. */
export type InspectRequest =
  | { readonly kind: 'sync' }
  | { readonly kind: 'types' }
  | { readonly kind: 'queries' }
  | { readonly kind: 'storage' }
  /** Newest last. `which`: all that is known, only what is written on this device, or one by name. */
  | {
      readonly kind: 'messages'
      readonly which: 'all' | 'own' | { readonly name: string }
      readonly values: boolean
      readonly limit?: number
    }
  /** `find` looks in titles and ids. */
  | { readonly kind: 'rows'; readonly type: string; readonly find?: string }
  /** Heads and live writes of all rows. */
  | { readonly kind: 'states' }
  | ({ readonly kind: 'dagOf' } & EntityName)
  /** The row when the message of that name was the last that counted; without one, now. */
  | ({ readonly kind: 'rowAt'; readonly upTo?: string } & EntityName)
  /** The row now, as a build of that version of its type sees it. */
  | ({ readonly kind: 'rowInVersion'; readonly version: number } & EntityName)

/** The request of one kind. */
export type RequestOf<K extends RequestKind> = Extract<InspectRequest, { readonly kind: K }>

/** What can be done with a store from outside: no more than the app itself can do. */
export type InspectCommand =
  /** Offers what waits now; a refused message is written anew, on what is current. */
  | { readonly kind: 'retry'; readonly message: string }
  /** Lets go of a refused message. */
  | { readonly kind: 'discard'; readonly message: string }
  /** Decides a register in conflict for the value of the message named by `take`. */
  | ({ readonly kind: 'resolve'; readonly reg: Reg; readonly take: string } & EntityName)

/** Names of the commands. */
export type CommandKind = InspectCommand['kind']

/** The command of one kind. */
export type CommandOf<K extends CommandKind> = Extract<InspectCommand, { readonly kind: K }>

/** Whether a command was carried out; otherwise why not, in words for people. */
export type CommandOutcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly message: string }
