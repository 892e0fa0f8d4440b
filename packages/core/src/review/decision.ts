/** The input and the result of a decision: offers; answers by link, the batch, and rejections. */
import type { Uuid } from '../base/uuid.ts'
import type { Capability } from '../facts/capabilities.ts'
import type { NackReason, Position, Rejection } from '../facts/message.ts'
import type { AuthoredMessage, Flush, Session } from '../facts/types.ts'
import type { AcceptedAgain } from '../wire/frames.ts'
import type { Equivocation } from './equivocation.ts'
import type { SessionRecord } from './ledger.ts'
import type { Person } from './persons.ts'
import type { ReturnedFlush } from './returned-flush.ts'
import type { RuleFailure } from './rules.ts'
import type { DecisionBatch } from './space.ts'

/** A verified flush that waits for its verdicts. `Link` is the connection that sent it. */
export interface Offer<Link> {
  /** Null for a flush that others than its author have brought. */
  readonly connection: Link | null
  readonly session: Session
  readonly flush: Flush
  /** Its seal; null where it is not known. */
  readonly sig: string | null
  readonly returned?: ReturnedFlush
  /** Rejections of its messages by this reviewer, which may have lost them. */
  readonly before?: ReadonlyMap<Uuid, Rejection>
  /** The bound session with which the seal was verified. */
  readonly record: SessionRecord
  /** The person who offered it, as the link had proved at that time, and their capabilities. */
  readonly person: Person
  readonly may: ReadonlySet<Capability>
}

export interface LinkAnswers<Link> {
  /** Null: no link gets the answers. */
  readonly connection: Link | null
  readonly messages: number
  /** Accepted earlier. */
  readonly again: AcceptedAgain[]
  /** Accepted now. */
  readonly accepted: AcceptedAgain[]
  readonly sessionId: Uuid
  /** Rejected earlier. */
  readonly rejections: Rejection[]
  /** Rejected now. */
  readonly refused: UnsignedRejection[]
  readonly nacks: {
    readonly clientSeq: number
    readonly reason: NackReason
    readonly detail: string
    /** The reason concerns this message only. */
    readonly alone: boolean
  }[]
}

export type UnsignedRejection = Omit<Rejection, 'sig'>

/** The accepted messages, as stored. */
export interface DecidedBatch {
  readonly fromSeq: number
  readonly toSeq: number
  readonly text: string
  /** The signatures and forked indexes, as JSON. */
  readonly seals: string
}

/** The content of one transaction, and the answers to send after it. */
export interface Decision<Link> {
  readonly batch: DecisionBatch
  /** undefined where nothing was accepted. */
  readonly stored: DecidedBatch | undefined
  /** The text of the batch for a connection: without the lines of the messages that it offered. */
  readonly textFor: (connection: Link) => string
  readonly answers: readonly LinkAnswers<Link>[]
  /** Rejections of this batch, not signed yet, each with its message. */
  readonly refused: readonly RefusedNow[]
  /** The sessions of all messages with a verdict. */
  readonly sessions: ReadonlyMap<Uuid, SessionRecord>
  readonly head: Position
  readonly equivocations: readonly Equivocation[]
  /** Rules that failed, each with the message that got no verdict. */
  readonly failures: readonly UnjudgedMessage[]
}

export interface UnjudgedMessage {
  readonly failure: RuleFailure
  readonly message: AuthoredMessage
  readonly person: Person
}

export interface RefusedNow {
  readonly person: Person
  readonly rejection: UnsignedRejection
  readonly message: AuthoredMessage
  /** False where the number has a verdict on another message already, which stays. */
  readonly isFirst: boolean
}
