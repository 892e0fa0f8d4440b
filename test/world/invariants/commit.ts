/**
 * What must hold of everything that the reviewer's store commits, checked in the moment of the
 * commit and before anybody hears of it.
 */
import { chainAfter } from '@countersign/core/message'
import type { Message } from '@countersign/core/message'
import type { AppendBatch } from '@countersign/core/ports'
import { EVERYBODY } from '../../model/operations.ts'
import type { Fact } from '../facts.ts'
import { type CommittedRun, SPACE, type Truth } from '../truth.ts'
import { must } from '../violation.ts'

export interface ReviewerFacts {
  readonly reviewerId: string
  readonly eid: string
  readonly epoch: number
  /** The chain of the epoch's record. */
  readonly chain: string
}

interface Bounds {
  readonly liveWritesMax: number
  readonly messageChangesMax: number
}

/** A message has at most one review, and a number of a session names one message. */
export function s5ExactlyOnce(truth: Truth, runs: readonly CommittedRun[]): void {
  const inBatch = new Set<string>()
  for (const { messages } of runs) {
    for (const { id, header } of messages) {
      const before = truth.facts.get(id)?.seq
      must(
        before === undefined && !inBatch.has(id),
        'S5',
        () => `${truth.facts.nameOf(id)} is accepted twice`,
      )
      const name = `${header.sessionId}:${header.clientSeq}`
      const others = truth.numbered(header.sessionId, header.clientSeq)
      must(
        others.length === 0 && !inBatch.has(name),
        'S5',
        () => `number ${header.clientSeq} of a session is accepted twice`,
      )
      inBatch.add(id)
      inBatch.add(name)
    }
  }
}

/** What somebody else wrote in an author's name, session or person is not accepted. */
export function s17NoLieIsAccepted(truth: Truth, runs: readonly CommittedRun[]): void {
  for (const { id } of runs.flatMap(({ messages }) => messages)) {
    const lie = truth.lies.get(id)
    must(lie === undefined, 'S17', () => `a lie is accepted: ${lie}`)
  }
}

/** Parents are accepted before their children. */
export function s7Closure(truth: Truth, runs: readonly CommittedRun[]): void {
  const inBatch = new Map<string, Message>()
  for (const message of runs.flatMap(({ messages }) => messages)) {
    for (const change of message.changes) {
      const { entityId, parentCanonicalIds } = change!.meta
      for (const parent of parentCanonicalIds) {
        const isHere = truth.facts.get(parent)?.seq !== undefined || inBatch.has(parent)
        must(
          isHere,
          'S7',
          () => `${message.id} is accepted before its parent ${truth.facts.nameOf(parent)}`,
        )
        const body = inBatch.get(parent) ?? truth.facts.get(parent)!.message
        const changes = body.changes.some((of) => of?.meta.entityId === entityId)
        must(
          changes,
          'S7',
          () => `${message.id} stands on ${parent}, which did not change ${entityId}`,
        )
      }
    }
    inBatch.set(message.id, message)
  }
}

/** The chain goes on from review to review, over what was really accepted. */
export function s11Chain(
  truth: Truth,
  runs: readonly CommittedRun[],
  reviewer: ReviewerFacts,
): void {
  let chain = truth.chainAt.get(truth.seq) ?? reviewer.chain
  let seq = truth.seq
  for (const run of runs) {
    must(run.fromSeq === seq + 1, 'S11', () => `a run begins at ${run.fromSeq}, after ${seq}`)
    for (const [i, message] of run.messages.entries()) {
      const { reviewerId, eid, epoch } = reviewer
      const about = {
        msgId: message.id,
        hash: message.hash,
        forked: run.forked.includes(i),
        at: run.at,
      }
      chain = chainAfter(chain, { space: SPACE, reviewerId, eid, epoch, seq: ++seq, ...about })
    }
    must(chain === run.chain, 'S11', () => `the chain after ${seq} is not that of its reviews`)
  }
}

/**
 * No message is both accepted and refused, and nobody is refused twice. `alone`: no second
 * reviewer has been there; two of them do not see each other's refusals, which move no head.
 */
export function s23VerdictStability(
  truth: Truth,
  { runs, batch }: { readonly runs: readonly CommittedRun[]; readonly batch: AppendBatch },
  alone: boolean,
): void {
  for (const { id } of runs.flatMap(({ messages }) => messages)) {
    const isRefused = truth.refused.has(id)
    must(!isRefused, 'S23', () => `${truth.facts.nameOf(id)} was refused, and is accepted now`)
  }
  for (const { msgId } of batch.rejections) {
    const name = truth.facts.nameOf(msgId)
    const isAccepted = truth.facts.get(msgId)?.seq !== undefined
    must(!isAccepted, 'S23', () => `${name} was accepted, and is refused now`)
    must(!alone || !truth.refused.has(msgId), 'S23', () => `${name} is refused twice`)
  }
}

/**
 * Of those who decide the same, one wins: a `resolve` is accepted only when it had seen all that
 * it replaces, and a message with `expect` only when the heads are those. Called after the commit.
 */
export function s10Decisions(truth: Truth, runs: readonly CommittedRun[]): void {
  for (const { id, header, changes } of runs.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(id)!
    for (const change of changes) {
      const { kind, entityId, regs, keep, parentCanonicalIds } = change!.meta
      if (kind !== 'resolve' && kind !== 'migrate') continue
      const history = truth.history(entityId)!
      const seen = history.closure(parentCanonicalIds)!
      const before = history.expected(history.acceptedAt(fact.seq! - 1))
      const decided = regs.filter((reg) => !keep?.[reg])
      for (const { by } of decided.flatMap((reg) => before.live.get(reg) ?? [])) {
        must(
          by === EVERYBODY || (seen & history.bitOf(by)) !== 0n,
          'S10',
          () => `${fact.name} decided without having seen ${truth.facts.nameOf(by)}`,
        )
      }
    }
    for (const { entityId, heads } of header.expect ?? []) {
      const history = truth.history(entityId)
      const mask = history?.acceptedAt(fact.seq! - 1) ?? 0n
      const now = mask === 0n ? [] : history!.expected(mask).heads
      must(
        now.join() === [...heads].sort().join(),
        'S10',
        () => `${fact.name} expected other heads of ${history?.name}`,
      )
    }
  }
}

/**
 * Who is refused because others were faster has really come too late: so of those who decide the
 * same, the first that arrives is accepted. Called after the commit.
 */
export function s10RefusalsAreTrue(truth: Truth, batch: AppendBatch): void {
  for (const { msgId, text } of batch.rejections) {
    const { rejection } = JSON.parse(text) as { readonly rejection: { readonly reason: string } }
    const fact = truth.facts.get(msgId)
    if (!fact) continue
    if (rejection.reason === 'stale')
      must(isStale(truth, fact), 'S10', () => `${fact.name} is called stale, and has seen it all`)
    if (rejection.reason !== 'precondition_failed') continue
    const isDifferent = (fact.message.header.expect ?? []).some(
      ({ entityId, heads }) => headsNow(truth, entityId) !== [...heads].sort().join(),
    )
    must(isDifferent, 'S10', () => `${fact.name} is refused, and the heads are those it expected`)
  }
}

/** Whether a field that it decides holds something it had not seen. */
function isStale(truth: Truth, { message }: Fact): boolean {
  return message.changes.some((change) => {
    const { kind, entityId, regs, parentCanonicalIds } = change!.meta
    if (kind !== 'resolve' && kind !== 'migrate') return false
    const history = truth.history(entityId)!
    const seen = history.closure(parentCanonicalIds)!
    const { live } = history.expected(history.acceptedAt(truth.seq))
    return regs
      .flatMap((reg) => live.get(reg) ?? [])
      .some(({ by }) => by !== EVERYBODY && (seen & history.bitOf(by)) === 0n)
  })
}

function headsNow(truth: Truth, entityId: string): string {
  const history = truth.history(entityId)
  const mask = history?.acceptedAt(truth.seq) ?? 0n
  return mask === 0n ? '' : history!.expected(mask).heads.join()
}

/** Nothing that is accepted passes a bound. Called after the commit. */
export function s17AcceptedBounds(
  truth: Truth,
  runs: readonly CommittedRun[],
  bounds: Bounds,
): void {
  for (const { id, changes } of runs.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(id)!
    must(
      changes.length <= bounds.messageChangesMax,
      'S17',
      () => `${fact.name} has ${changes.length} changes`,
    )
    for (const change of changes) {
      const history = truth.history(change!.meta.entityId)!
      const row = history.expected(history.acceptedAt(fact.seq!))
      for (const reg of change!.meta.regs) {
        const live = row.live.get(reg)?.length ?? 0
        must(
          live <= bounds.liveWritesMax,
          'S17',
          () => `${history.name}.${reg} has ${live} live writes after ${fact.name}`,
        )
      }
    }
  }
}

/** Nobody is refused for a reason that what they wrote cannot have. */
export function sVerdictAllowed(
  batch: AppendBatch,
  allowedFor: (id: string) => readonly string[],
): void {
  for (const { msgId, text } of batch.rejections) {
    const { rejection } = JSON.parse(text) as {
      readonly rejection: { readonly reason: string; readonly detail?: string }
    }
    const allowed = allowedFor(msgId)
    must(
      allowed.includes(rejection.reason),
      'S10',
      () => `${msgId} is refused as ${rejection.reason}: ${rejection.detail}`,
    )
  }
}
