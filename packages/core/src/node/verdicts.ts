/**
 * Sends the results of a commit: verdicts to the authors, and the batch to all live links. The frame of
 * the batch is encoded once for all of them; only a link that offered messages of it gets its own
 * frame, without their lines.
 */
import { type Bytes, utf8Bytes } from '../base/size.ts'
import { type Limits, frameContentBytesMax } from '../facts/limits.ts'
import type { NackReason, Position, Rejection } from '../facts/message.ts'
import type { Uuid } from '../base/uuid.ts'
import { lineCount } from '../facts/line.ts'
import { type AcceptedAgain, reviewerFrame } from '../wire/frames.ts'
import { inFrames } from './catch-up.ts'
import type { LinkAnswers, Decision, Offer } from '../review/decision.ts'
import type { Connection } from './connection.ts'

/** A signed list of accepted messages for their author, beside the tail. */
export interface Ack {
  readonly connection: Connection
  readonly sessionId: Uuid
  readonly reviews: readonly AcceptedAgain[]
  readonly sig: string
}

/** Messages without a verdict, and the reason. */
export interface Nack {
  readonly sessionId: Uuid
  readonly clientSeqs: readonly number[]
  readonly reason: NackReason
  readonly detail: string
  /** The reason concerns these messages only. */
  readonly alone: boolean
  /** Null if it is not `alone`. */
  readonly sig: string | null
}

export interface Audience {
  readonly acks: readonly Ack[]
  readonly nacks: ReadonlyMap<LinkAnswers<Connection>, readonly Nack[]>
  /** The position before the commit. */
  readonly before: Position
  /** The position after the commit, signed. */
  readonly head: Position
  /** The signed rejections of the commit, by message id. */
  readonly rejections: ReadonlyMap<Uuid, Rejection>
  readonly connections: Iterable<Connection>
  readonly limits: Limits
  readonly onNack: (reason: NackReason, messages: number) => void
  /** Called for a link whose peer reads too slowly: it must catch up from that position. */
  readonly onBehind: (connection: Connection, have: Position) => void
}

/** Sends each link the verdicts on its offers, in frames that fit. */
export function sendVerdicts(decision: Decision<Connection>, audience: Audience): void {
  const { answers, stored } = decision
  for (const { connection, sessionId, reviews, sig } of audience.acks)
    connection.send(reviewerFrame('accepted', { sessionId, reviews, sig }))
  for (const answer of answers) {
    const { connection, rejections: known, refused } = answer
    if (!connection) continue
    const sizeOf = (one: Rejection): Bytes => utf8Bytes(JSON.stringify(one))
    // All rejections of the decision are signed.
    const rejections = [...known, ...refused.map(({ msgId }) => audience.rejections.get(msgId)!)]
    for (const part of inFrames(rejections, sizeOf, frameContentBytesMax(audience.limits)))
      connection.send(reviewerFrame('rejected', { rejections: part }))
    for (const nack of audience.nacks.get(answer) ?? []) {
      audience.onNack(nack.reason, nack.clientSeqs.length)
      connection.send(reviewerFrame('nack', nack))
    }
  }
  if (stored) fanOut(stored.text, decision, audience)
}

function fanOut(
  text: string,
  { answers, textFor }: Decision<Connection>,
  { before, head, connections, onBehind }: Audience,
): void {
  const authors = new Set(
    answers.flatMap(({ accepted, connection }) => (accepted.length > 0 ? [connection] : [])),
  )
  const live = [...connections].filter((connection) => connection.mode === 'live')
  const common = live[0]?.cut(batchFrame(text, head))
  for (const connection of live) {
    if (connection.isBehind) onBehind(connection, before)
    else if (authors.has(connection)) connection.send(batchFrame(textFor(connection), head))
    // Defined, because there is a live link.
    else connection.sendCut(common!)
  }
}

/** A frame with one batch, and the position after it. */
function batchFrame(text: string, position: Position): string {
  return reviewerFrame('tail', { position, batches: [lineCount(text)] }, text)
}

/** Nacks all messages of an offer. */
export function nackOffer(
  { connection, session, flush }: Pick<Offer<Connection>, 'connection' | 'session' | 'flush'>,
  reason: NackReason,
  detail: string,
): void {
  const { sessionId } = session.facts
  const clientSeqs = flush.messages.map(({ clientSeq }) => clientSeq)
  const about = { reason, sessionId, clientSeqs, detail }
  connection?.send(reviewerFrame('nack', { ...about, alone: false, sig: null }))
}
