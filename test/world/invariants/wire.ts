/** Invariants of every frame, checked when it is sent. */
import { type AuthoredMessage, type Rejection, messageId } from '@countersign/core/message'
import {
  type AcceptedAgain,
  type AuthorFrame,
  BATCH_BOUNDS,
  type ReviewerFrame,
  linesInParts,
  readTold,
} from '@countersign/core/protocol'
import type { Limits } from '@countersign/core/testing'
import { chainByHand } from '../chain-by-hand.ts'
import type { Fact } from '../facts.ts'
import { type Lie, isBind } from '../lies.ts'
import { SPACE, type Truth } from '../truth.ts'
import { must } from '../violation.ts'

/** No frame exceeds the maximum size. */
export function s17FrameSize(text: string, { frameBytesMax }: Limits): void {
  must(
    text.length * 3 <= frameBytesMax || Buffer.byteLength(text) <= frameBytesMax,
    'S17',
    () => `a frame of ${Buffer.byteLength(text)} bytes`,
  )
}

/** The requests and offers of a replica stay within the bounds. */
export function s17AuthorFrame(
  frame: AuthorFrame,
  messages: readonly AuthoredMessage[],
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

/** A link of a liar binds no session but the liar's own, if any. */
export function s17NoLieIsBound(
  frame: ReviewerFrame,
  lie: Lie,
  own: (id: string) => boolean,
): void {
  if (frame.kind !== 'bound') return
  const bound = frame.sessionIds.find((id) => isBind(lie) || !own(id))
  must(bound === undefined, 'S17', () => `session ${bound} is bound by a lie: ${lie.name}`)
}

/** A message is on the platter before it is offered, as long as the disk works. */
export function s4QueuedBeforeSent(
  truth: Truth,
  device: string,
  messages: readonly AuthoredMessage[],
): void {
  const durable = truth.durableOf(device)
  const early = messages.find(({ id }) => !durable.has(id))
  must(!early, 'S4', () => `${truth.facts.nameOf(early!.id)} is offered before it is durable`)
}

/** No message is offered that depends on one that its author had not checked, because that one may be forged. */
export function s4CheckedBeforeSent(
  truth: Truth,
  { device, sessionId, seq }: { device: string; sessionId: string | undefined; seq: number },
  messages: readonly AuthoredMessage[],
): void {
  for (const { id, session, changes } of messages) {
    // What another page has written was checked there, or is in no view here.
    if (session.facts.sessionId !== sessionId) continue
    for (const named of changes.flatMap(({ parents, own = [] }) => [...parents.others, ...own])) {
      if (truth.deviceOf.get(named.sessionId) === device) continue
      const facts = truth.numbered(named.sessionId, named.clientSeq)
      must(
        facts.some((fact) => fact.seq !== undefined && fact.seq <= seq),
        'S4',
        () => `${truth.facts.nameOf(id)} is offered before what it was written on is checked`,
      )
    }
  }
}

type Frame<K extends ReviewerFrame['kind']> = ReviewerFrame & { readonly kind: K }

/** No review, rejection or position is sent before the store has it; and it equals the stored one. */
export function s16AckAfterCommit(truth: Truth, frame: ReviewerFrame): void {
  switch (frame.kind) {
    case 'welcome':
    case 'through':
      positionIsCommitted(truth, frame.position)
      break
    case 'tail':
      tailIsCommitted(truth, frame)
      break
    case 'states':
      positionIsCommitted(truth, frame.position)
      if (frame.texts !== '') pageIsCommitted(truth, JSON.parse(frame.texts))
      for (const { sessionId, reviews } of frame.accepted)
        for (const review of reviews) reviewIsCommitted(truth, sessionId, review)
      break
    case 'page':
      pageIsCommitted(truth, JSON.parse(frame.texts))
      break
    case 'history':
      historyIsCommitted(truth, frame)
      break
    case 'settled':
      for (const { clientSeq, count, seq } of frame.runs)
        for (let i = 0; i < count; i++)
          placeIsCommitted(truth, frame.sessionId, { clientSeq: clientSeq + i, seq: seq + i })
      break
    case 'accepted':
      for (const review of frame.reviews) reviewIsCommitted(truth, frame.sessionId, review)
      break
    case 'rejected':
      for (const rejection of frame.rejections) refusalIsCommitted(truth, rejection)
      break
    default:
  }
}

function reviewIsCommitted(
  truth: Truth,
  sessionId: string,
  { clientSeq, seq, forked }: AcceptedAgain,
): void {
  const fact = placeIsCommitted(truth, sessionId, { clientSeq, seq })
  must(
    truth.isForked(fact) === forked,
    'S16',
    () => `${fact.name} is said ${forked ? '' : 'not '}to stand beside a head`,
  )
}

function placeIsCommitted(
  truth: Truth,
  sessionId: string,
  { clientSeq, seq }: Pick<AcceptedAgain, 'clientSeq' | 'seq'>,
): Fact {
  const fact = truth.numbered(sessionId, clientSeq).find((each) => each.seq === seq)
  must(fact, 'S16', () => `number ${clientSeq} of a session is said to be at ${seq}`)
  return fact
}

/** The verdict `seq_reused` is computed each time, and never stored. */
function refusalIsCommitted(truth: Truth, { msgId, reason }: Rejection): void {
  const known = truth.facts.message(msgId)
  const isUsedUp =
    reason === 'seq_reused' &&
    known !== undefined &&
    truth.isUsedUp(known.session.facts.sessionId, known.clientSeq) &&
    truth.facts.get(msgId)?.seq === undefined
  const isLie = reason === 'seq_reused' && truth.lies.get(msgId)?.reason === reason
  must(
    isUsedUp || isLie || truth.refused.has(msgId),
    'S16',
    () => `${truth.facts.nameOf(msgId)} is refused, but not in the store`,
  )
  if (isUsedUp) truth.refuse({ msgId, reason })
}

function positionIsCommitted(truth: Truth, { seq, chain }: { seq: number; chain: string }): void {
  must(seq <= truth.seq, 'S16', () => `position ${seq} is told, the store is at ${truth.seq}`)
  if (seq === 0) return
  must(
    truth.chainAt.get(seq) === chain,
    'S16',
    () => `the chain at ${seq} is not that of the store`,
  )
}

/** The batches of a frame continue each other, each with the chain of the store, up to its position. */
function tailIsCommitted(truth: Truth, { texts, batches, position }: Frame<'tail'>): void {
  const parts = linesInParts(texts, batches)
  must(parts, 'S16', () => 'a tail is not of the lines that it announces')
  let last: number | undefined
  for (const part of parts) {
    const { fromSeq, toSeq, chain } = chainByHand(part, (seq) => truth.chainAt.get(seq) ?? '')
    must(
      last === undefined || fromSeq === last + 1,
      'S16',
      () => `a tail has ${fromSeq} after ${last}`,
    )
    must(toSeq <= truth.seq, 'S16', () => `${toSeq} is told, the store is at ${truth.seq}`)
    must(
      truth.chainAt.get(toSeq) === chain,
      'S16',
      () => `the batch from ${fromSeq} to ${toSeq} is not that of the store`,
    )
    last = toSeq
  }
  must(parts.length > 0, 'S16', () => 'a tail without a batch')
  if (!position) return
  positionIsCommitted(truth, position)
  must(position.seq === last, 'S16', () => `a tail to ${last} says that it ends at ${position.seq}`)
}

/** A hash replaces only a message that its reader has offered. */
export function s16HiddenAreOwn(
  truth: Truth,
  { texts, batches }: Frame<'tail'>,
  hasOffered: (id: string) => boolean,
): void {
  for (const part of linesInParts(texts, batches) ?? []) {
    if (!part.includes('\n"')) continue
    const { hidden } = chainByHand(part, () => '')
    for (const { seq, hash } of hidden) {
      const id = messageId(hash)
      must(
        truth.accepted[seq - 1]?.message.id === id && hasOffered(id),
        'S16',
        () => `a hash stands for ${truth.facts.nameOf(id)} at ${seq}, which was not offered here`,
      )
    }
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

function historyIsCommitted(truth: Truth, frame: Frame<'history'>): void {
  const { entityId, messages, texts, asOfSeq } = frame
  must(asOfSeq <= truth.seq, 'S16', () => `a history as of ${asOfSeq}, ahead of the store`)
  const parts = linesInParts(
    texts,
    messages.map(({ lines }) => lines),
  )
  must(parts, 'S16', () => 'a history is not of the lines that it announces')
  for (const part of parts) {
    const told = readTold(part, { space: SPACE, entityId, bounds: BATCH_BOUNDS })
    must(told.ok, 'S16', () => `a history cannot be read: ${told.ok ? '' : told.error.message}`)
    const { id, seq } = told.value
    must(
      truth.accepted[seq - 1]?.message.id === id,
      'S16',
      () => `a history has ${truth.facts.nameOf(id)} at ${seq}`,
    )
  }
}
