/** A commit as the store takes it: the text of its batch, its refusals, and whose sessions they are. */
import type { Position } from '../message/message.ts'
import type { AppendBatch } from '../ports/reviewer-store.ts'
import { positionJson } from '../wire/frames.ts'
import type { Prepared } from './commit.ts'
import type { Outdated, SessionRecord } from './ledger.ts'

export function appendBatch(
  { stored, refused, head }: Prepared,
  before: Position,
  { sessions, outdated }: { sessions: readonly SessionRecord[]; outdated: Outdated },
): AppendBatch {
  return {
    epoch: head.epoch,
    expectSeq: before.seq,
    runs: stored ? [stored] : [],
    rejections: refused.map(({ rejection, message }) => ({
      msgId: rejection.msgId,
      sessionId: message.session.facts.sessionId,
      text: JSON.stringify({ rejection, clientSeq: message.clientSeq }),
    })),
    sessions: [...sessions, ...outdated.kept].map((record) => ({
      sessionId: record.sessionId,
      text: JSON.stringify(record),
    })),
    removed: { rejections: outdated.rejections, sessions: outdated.dropped },
    head: JSON.stringify(positionJson(head)),
  }
}
