/**
 * What is said after a commit, and to whom: verdicts to the authors, and the committed runs to
 * everyone who follows the space. A frame is encoded once for all of them; only the authors of
 * what is in it get one of their own, without the bodies they have.
 */
import { type Bytes, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Limits, frameContentBytesMax } from '../message/limits.ts'
import type { NackReason, Position, Rejection } from '../message/message.ts'
import { acceptedFrame, nackFrame, rejectedFrame, tailFrame } from '../protocol/frames.ts'
import { inFrames } from './catch-up.ts'
import type { CommittedRun, Offer, Prepared } from './commit.ts'
import type { Connection } from './connection.ts'

export interface Audience {
  /** The position before the commit. */
  readonly before: Position
  /** The position after the commit, signed. */
  readonly head: Position
  readonly connections: Iterable<Connection>
  readonly limits: Limits
  readonly onNack: (reason: NackReason, messages: number) => void
  /** This peer reads too slowly: everything since that position goes at its own pace. */
  readonly onBehind: (connection: Connection, have: Position) => void
}

export function tellVerdicts({ runs, answers }: Prepared, audience: Audience): void {
  for (const { connection, again, rejections, nacks } of answers) {
    for (const { sessionId, review } of again) connection.send(acceptedFrame(sessionId, [review]))
    const sizeOf = (one: Rejection): Bytes => utf8Bytes(JSON.stringify(one))
    for (const part of inFrames(rejections, sizeOf, frameContentBytesMax(audience.limits)))
      connection.send(rejectedFrame(part))
    for (const { sessionId, clientSeq, reason, detail } of nacks) {
      audience.onNack(reason, 1)
      connection.send(
        nackFrame(reason, { sessionId, clientSeqs: [clientSeq], alone: true }, detail),
      )
    }
  }
  if (runs.length > 0) fanOut(runs, audience)
}

function fanOut(
  runs: readonly CommittedRun[],
  { before, head, connections, limits, onBehind }: Audience,
): void {
  let told = before
  const authors = new Set(runs.map((run) => run.connection))
  const live = [...connections].filter((connection) => connection.mode === 'live')
  for (const part of inFrames(
    runs,
    (run) => utf8Bytes(run.stored.text),
    frameContentBytesMax(limits),
  )) {
    const last = part.at(-1)!
    const { eid, epoch } = head
    const position =
      last === runs.at(-1) ? head : { eid, epoch, seq: last.stored.toSeq, chain: last.chain }
    const positionText = JSON.stringify(position)
    const common = tailFrame(
      part.map((run) => run.stored.text),
      positionText,
    )
    const cut = live[0]?.cut(common)
    for (const connection of live) {
      if (connection.mode !== 'live') continue
      if (connection.isBehind) onBehind(connection, told)
      else if (authors.has(connection))
        connection.send(
          tailFrame(
            part.map((run) => textFor(connection, run)),
            positionText,
          ),
        )
      else connection.sendCut(cut!)
    }
    told = position
  }
  for (const run of runs) {
    // Who does not follow the space hears of its own messages alone.
    if (run.connection.mode === 'none') run.connection.send(acceptedFrame(run.sessionId, run.again))
  }
}

function textFor(connection: Connection, run: CommittedRun): string {
  return run.connection === connection ? run.ownText : run.stored.text
}

/** No verdict on any message of an offer. */
export function nackOffer(
  { connection, messages }: Pick<Offer, 'connection' | 'messages'>,
  reason: NackReason,
  detail: string,
): void {
  const bySession = new Map<Uuid, number[]>()
  for (const { header } of messages) {
    const seqs = bySession.get(header.sessionId)
    if (seqs) seqs.push(header.clientSeq)
    else bySession.set(header.sessionId, [header.clientSeq])
  }
  for (const [sessionId, seqs] of bySession)
    connection.send(nackFrame(reason, { sessionId, clientSeqs: seqs, alone: false }, detail))
}
