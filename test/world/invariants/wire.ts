/** What must hold of every frame, checked in the moment of its sending. */
import type { Message } from '@countersign/core/message'
import type { AuthorFrame, ReviewerFrame } from '@countersign/core/protocol'
import type { Limits } from '@countersign/core/testing'
import { type Lie, isBind } from '../lies.ts'
import type { Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** No frame is larger than a frame may be. */
export function s17FrameSize(text: string, { frameBytesMax }: Limits): void {
  must(
    text.length * 3 <= frameBytesMax || Buffer.byteLength(text) <= frameBytesMax,
    'S17',
    () => `a frame of ${Buffer.byteLength(text)} bytes`,
  )
}

/** What a replica asks and offers stays within the bounds. */
export function s17AuthorFrame(
  frame: AuthorFrame,
  messages: readonly Message[],
  limits: Limits,
): void {
  if (frame.kind === 'bind') {
    const { length } = frame.sessions
    must(length <= limits.sessionsPerBindMax, 'S17', () => `${length} sessions are bound at once`)
  }
  if (frame.kind === 'offer') {
    must(messages.length > 0, 'S17', () => 'an offer of nothing')
    must(
      messages.length <= limits.flushMessagesMax,
      'S17',
      () => `an offer of ${messages.length} messages`,
    )
  }
}

/** A link over which somebody lies speaks for no session but the liar's own, if for any. */
export function s17NoLieIsBound(
  frame: ReviewerFrame,
  lie: Lie,
  own: (id: string) => boolean,
): void {
  if (frame.kind !== 'bound') return
  const bound = frame.sessionIds.find((id) => isBind(lie) || !own(id))
  must(bound === undefined, 'S17', () => `session ${bound} is bound by a lie: ${lie.name}`)
}

/** What is offered is on the platter first, as long as there is one that works. */
export function s4QueuedBeforeSent(
  truth: Truth,
  device: string,
  messages: readonly Message[],
): void {
  const durable = truth.durableOf(device)
  const early = messages.find(({ id }) => !durable.has(id))
  must(!early, 'S4', () => `${truth.facts.nameOf(early!.id)} is offered before it is durable`)
}

/** No review, rejection or position leaves before the store has it; and it is the one the store has. */
export function s16AckAfterCommit(truth: Truth, frame: ReviewerFrame): void {
  switch (frame.kind) {
    case 'welcome':
    case 'through':
      position(truth, frame)
      break
    case 'tail':
      position(truth, frame)
      for (const run of frame.runs) runIsCommitted(truth, run)
      break
    case 'page':
      pageIsCommitted(truth, frame.page)
      break
    case 'accepted':
      for (const [clientSeq, seq] of frame.reviews) {
        const facts = truth.numbered(frame.sessionId, clientSeq)
        must(
          facts.some((fact) => fact.seq === seq),
          'S16',
          () => `number ${clientSeq} of a session is said to be at ${seq}`,
        )
      }
      break
    case 'rejected':
      for (const { msgId } of frame.rejections) {
        must(
          truth.refused.has(msgId),
          'S16',
          () => `${truth.facts.nameOf(msgId)} is refused, but not in the store`,
        )
      }
      break
    default:
  }
}

function position(
  truth: Truth,
  { position: { seq, chain } }: { readonly position: { seq: number; chain: string } },
): void {
  must(seq <= truth.seq, 'S16', () => `position ${seq} is told, the store is at ${truth.seq}`)
  if (seq === 0) return
  must(
    truth.chainAt.get(seq) === chain,
    'S16',
    () => `the chain at ${seq} is not that of the store`,
  )
}

/** By hand, so that what is sent to eight replicas is not hashed eight times. */
function runIsCommitted(truth: Truth, json: unknown): void {
  const [fromSeq, , , chain, body] = json as [number, number, number[], string, unknown[]]
  const isOwn = typeof body[0] === 'string'
  const count = (isOwn ? (body[1] as unknown[]) : (body[4] as unknown[])).length
  const toSeq = fromSeq + count - 1
  must(
    toSeq <= truth.seq,
    'S16',
    () => `reviews up to ${toSeq} are told, the store is at ${truth.seq}`,
  )
  must(
    truth.chainAt.get(toSeq) === chain,
    'S16',
    () => `the run up to ${toSeq} is not that of the store`,
  )
  if (!isOwn) return
  const [sessionId, clientSeqs] = body as [string, number[]]
  for (const [i, clientSeq] of clientSeqs.entries()) {
    const isIt = truth.numbered(sessionId, clientSeq).some((fact) => fact.seq === fromSeq + i)
    must(isIt, 'S16', () => `number ${clientSeq} of a session is told to be at ${fromSeq + i}`)
  }
}

function pageIsCommitted(truth: Truth, json: unknown): void {
  const [messages] = json as [[id: string, ...unknown[]][]]
  for (const message of messages) {
    const [id, seq] = [message[0], message[8] as number]
    must(
      truth.accepted[seq - 1]?.message.id === id,
      'S16',
      () => `a page has ${truth.facts.nameOf(id)} at ${seq}`,
    )
  }
}
