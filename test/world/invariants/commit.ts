/**
 * Invariants of everything that the reviewer's store commits, checked at the commit and before any frame
 * about it is sent.
 */
import type { AuthoredMessage } from '@countersign/core/message'
import type { Commit } from '@countersign/core/ports'
import { readPosition } from '@countersign/core/protocol'
import { EVERYBODY } from '../../model/operations.ts'
import { chainByHand } from '../chain-by-hand.ts'
import type { EntityHistory, Fact } from '../facts.ts'
import { type Stated, seenAmong } from '../seen.ts'
import { type CommittedBatch, type Truth, rejectionsOf } from '../truth.ts'
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
export function s5ExactlyOnce(truth: Truth, batches: readonly CommittedBatch[]): void {
  const inBatch = new Set<string>()
  for (const { messages } of batches) {
    for (const { id, session, clientSeq } of messages) {
      const { sessionId } = session.facts
      const before = truth.facts.get(id)?.seq
      must(
        before === undefined && !inBatch.has(id),
        'S5',
        () => `${truth.facts.nameOf(id)} is accepted twice`,
      )
      const name = `${sessionId}:${clientSeq}`
      const others = truth.numbered(sessionId, clientSeq)
      must(
        others.length === 0 && !inBatch.has(name),
        'S5',
        () => `number ${clientSeq} of a session is accepted twice`,
      )
      inBatch.add(id)
      inBatch.add(name)
    }
  }
}

/**
 * No message is accepted that another client wrote in an author's name, session or person, nor one that
 * lies about what its author had read; unless that is true by now, which `s9SeenIsAncestry` checks.
 */
export function s17NoLieIsAccepted(
  truth: Truth,
  batches: readonly CommittedBatch[],
  { holdsFewChains }: { readonly holdsFewChains: boolean },
): void {
  for (const { id } of batches.flatMap(({ messages }) => messages)) {
    const lie = truth.lies.get(id)
    const mayPass = lie?.mayPass || (lie?.needsChain && holdsFewChains)
    must(!lie || mayPass, 'S17', () => `a lie is accepted: ${lie?.name}`)
  }
}

/** Parents are accepted before their children, and have changed the same entity. Called after the commit. */
export function s7Closure(truth: Truth, batches: readonly CommittedBatch[]): void {
  for (const { id } of batches.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(id)!
    const names = fact.oracle.changes.flatMap(({ parents, keep }) => [
      ...parents,
      ...Object.values(keep ?? {}).flat(),
    ])
    for (const name of names) {
      const seq = truth.facts.get(name)?.seq
      must(
        seq !== undefined && seq < fact.seq!,
        'S7',
        () => `${fact.name} is accepted before ${truth.facts.nameOf(name)}, which it names`,
      )
    }
  }
}

/** The chain continues from batch to batch, over the stored texts, up to the stored head. */
export function s11Chain(truth: Truth, batches: readonly CommittedBatch[], { head }: Commit): void {
  let chain = truth.chainAt.get(truth.seq)!
  let { seq } = truth
  for (const batch of batches) {
    const { fromSeq, throughSeq } = batch
    must(fromSeq === seq + 1, 'S11', () => `a batch begins at ${fromSeq}, after ${seq}`)
    const before = chain
    const byHand = chainByHand(batch.text, () => before)
    must(
      byHand.toSeq === throughSeq && byHand.chain === batch.chain,
      'S11',
      () => `the chain after ${throughSeq} is not that of its texts`,
    )
    must(byHand.hidden.length === 0, 'S11', () => `the stored batch from ${fromSeq} lacks a line`)
    must(
      batch.position?.seq === throughSeq && batch.position.chain === batch.chain,
      'S11',
      () => `the batch up to ${throughSeq} is stored with another position`,
    )
    chain = batch.chain
    seq = throughSeq
  }
  const position = readPosition((JSON.parse(head) as readonly unknown[])[0])
  must(
    position?.seq === seq && position.chain === chain,
    'S11',
    () => `the head ${position?.seq} is stored with the batches up to ${seq}`,
  )
}

/**
 * What an author had seen by the numbers of its message is what the message stands on by its
 * parents; so nothing but what was seen is overwritten. Called after the commit.
 */
export function s9SeenIsAncestry(truth: Truth, batches: readonly CommittedBatch[]): void {
  for (const message of batches.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(message.id)!
    for (const [i, change] of message.changes.entries()) {
      const history = truth.history(change.entityId)!
      const before = history.acceptedAt(fact.seq! - 1)
      const isCreate = change.shape.kind === 'create'
      const seen = isCreate ? 0n : seenAmong(history, before, { message, stated: change })
      const parents = history.closure(fact.oracle.changes[i]!.parents)!
      const [odd] = history.within(seen ^ (parents & before))
      must(
        odd === undefined,
        'S9',
        () =>
          `${fact.name} ${(seen & history.bitOf(odd!.message.id)) === 0n ? 'had not seen' : 'had seen'} ${odd!.name} of ${history.name}, and says otherwise by its parents`,
      )
      headsAreParents(truth, { history, before, seen, fact })
    }
  }
}

/** The parents are exactly those present heads that were seen. */
function headsAreParents(
  truth: Truth,
  {
    history,
    before,
    seen,
    fact,
  }: {
    readonly history: EntityHistory
    readonly before: bigint
    readonly seen: bigint
    readonly fact: Fact
  },
): void {
  if (before === 0n) return
  const { message } = fact
  const change = message.changes.find(({ entityId }) => entityId === history.id)!
  const { canonical, own } = change.parents
  if (canonical.length + own.length >= 32) return // it could not name all of them
  const parents = truth.facts.named(change.parents, message, history.id)
  for (const head of history.expected(before).heads) {
    const isSeen = (seen & history.bitOf(head)) !== 0n
    must(
      isSeen === parents.includes(head),
      'S9',
      () =>
        `${fact.name} ${isSeen ? 'had seen' : 'names'} the head ${truth.facts.nameOf(head)} of ${history.name}, and is accepted`,
    )
  }
}

/**
 * No message is both accepted and refused, and none is refused twice, also not by two reviewers.
 */
export function s23VerdictStability(
  truth: Truth,
  batches: readonly CommittedBatch[],
  commit: Commit,
): void {
  for (const { id } of batches.flatMap(({ messages }) => messages)) {
    const isRefused = truth.refused.has(id)
    must(!isRefused, 'S23', () => `${truth.facts.nameOf(id)} was refused, and is accepted now`)
  }
  for (const { msgId } of rejectionsOf(commit)) {
    const name = truth.facts.nameOf(msgId)
    const isAccepted = truth.facts.get(msgId)?.seq !== undefined
    must(!isAccepted, 'S23', () => `${name} was accepted, and is refused now`)
    must(!truth.refused.has(msgId), 'S23', () => `${name} is refused twice`)
  }
}

/**
 * Of concurrent resolves of one register, one wins: a `resolve` is accepted only when it had seen all that
 * it replaces, and a message with `expect` only when it had seen all heads of what it expects.
 * Called after the commit.
 */
export function s10Decisions(truth: Truth, batches: readonly CommittedBatch[]): void {
  for (const message of batches.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(message.id)!
    for (const [i, { shape, entityId, keep }] of message.changes.entries()) {
      if (shape.kind !== 'resolve' && shape.kind !== 'migrate') continue
      const history = truth.history(entityId)!
      const seen = history.closure(fact.oracle.changes[i]!.parents)!
      const before = history.expected(history.acceptedAt(fact.seq! - 1))
      const decided = shape.regs.filter((reg) => !keep?.some((kept) => kept.reg === reg))
      for (const { by } of decided.flatMap((reg) => before.live.get(reg) ?? [])) {
        must(
          by === EVERYBODY || (seen & history.bitOf(by)) !== 0n,
          'S10',
          () => `${fact.name} decided without having seen ${truth.facts.nameOf(by)}`,
        )
      }
    }
    for (const expected of message.expect ?? []) {
      const unseen = unseenHead(truth, { message, expected, seq: fact.seq! - 1 })
      must(
        unseen === undefined,
        'S10',
        () => `${fact.name} expected what it had seen, and not ${truth.facts.nameOf(unseen!)}`,
      )
    }
  }
}

/**
 * A message that is refused because others were faster was really late: so of several concurrent
 * resolves, the first that arrives is accepted. Called after the commit.
 */
export function s10RefusalsAreTrue(truth: Truth, commit: Commit): void {
  for (const { msgId, reason } of rejectionsOf(commit)) {
    const fact = truth.facts.get(msgId)
    if (!fact) continue
    const { message } = fact
    if (reason === 'stale')
      must(isStale(truth, fact), 'S10', () => `${fact.name} is called stale, and has seen it all`)
    if (reason !== 'precondition_failed') continue
    const isDifferent = (message.expect ?? []).some(
      (expected) => unseenHead(truth, { message, expected, seq: truth.seq }) !== undefined,
    )
    must(isDifferent, 'S10', () => `${fact.name} is refused, and had seen all heads it expected`)
  }
}

/**
 * Who is refused because a register is full would have added to it, at some moment of the commit.
 * Called after the commit; `before`: the seq before it.
 */
export function s10ContestedAreTrue(
  truth: Truth,
  commit: Commit,
  { before, liveWritesMax }: { readonly before: number; readonly liveWritesMax: number },
): void {
  for (const { msgId, reason } of rejectionsOf(commit)) {
    const fact = truth.facts.get(msgId)
    if (!fact || reason !== 'contested') continue
    let most = 0
    for (let seq = before; seq <= truth.seq; seq++)
      most = Math.max(most, liveWith(truth, fact, seq))
    must(
      most > liveWritesMax,
      'S10',
      () => `${fact.name} is called contested, and would be one of ${most} live writes`,
    )
  }
}

/** How many live writes a register that it writes would have with it, at the most, after that seq. */
function liveWith(truth: Truth, { message, oracle }: Fact, seq: number): number {
  const counts = message.changes.flatMap(({ shape, entityId }, i) => {
    const { parents, keep } = oracle.changes[i]!
    const history = truth.history(entityId)!
    const mask = history.acceptedAt(seq)
    if (mask === 0n) return []
    const seen = history.closure(parents)!
    const { live } = history.expected(mask)
    return shape.regs.map((reg) => {
      const beside = (live.get(reg) ?? []).filter(
        ({ by }) =>
          by !== EVERYBODY && ((seen & history.bitOf(by)) === 0n || keep?.[reg]?.includes(by)),
      )
      return beside.length + 1
    })
  })
  return Math.max(0, ...counts)
}

/** A head, at that seq, of an entity that a message expects to be as its author saw it. */
function unseenHead(
  truth: Truth,
  {
    message,
    expected,
    seq,
  }: {
    readonly message: AuthoredMessage
    readonly expected: Stated & { readonly entityId: string }
    readonly seq: number
  },
): string | undefined {
  const history = truth.history(expected.entityId)
  const mask = history?.acceptedAt(seq) ?? 0n
  if (!history || mask === 0n) return undefined
  const seen = seenAmong(history, mask, { message, stated: expected })
  return history.expected(mask).heads.find((head) => (seen & history.bitOf(head)) === 0n)
}

/** Whether a field that it decides holds something it had not seen. */
function isStale(truth: Truth, { message, oracle }: Fact): boolean {
  return message.changes.some(({ shape, entityId }, i) => {
    if (shape.kind !== 'resolve' && shape.kind !== 'migrate') return false
    const history = truth.history(entityId)!
    const seen = history.closure(oracle.changes[i]!.parents)!
    const { live } = history.expected(history.acceptedAt(truth.seq))
    return shape.regs
      .flatMap((reg) => live.get(reg) ?? [])
      .some(({ by }) => by !== EVERYBODY && (seen & history.bitOf(by)) === 0n)
  })
}

/** No accepted message exceeds a bound. Called after the commit. */
export function s17AcceptedBounds(
  truth: Truth,
  batches: readonly CommittedBatch[],
  bounds: Bounds,
): void {
  for (const { id, changes } of batches.flatMap(({ messages }) => messages)) {
    const fact = truth.facts.get(id)!
    must(
      changes.length <= bounds.messageChangesMax,
      'S17',
      () => `${fact.name} has ${changes.length} changes`,
    )
    for (const { entityId, shape } of changes) {
      const history = truth.history(entityId)!
      const row = history.expected(history.acceptedAt(fact.seq!))
      for (const reg of shape.regs) {
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

/** No message is refused for a reason that cannot apply to it. */
export function sVerdictAllowed(
  commit: Commit,
  allowedFor: (id: string) => readonly string[],
): void {
  for (const { msgId, reason, detail } of rejectionsOf(commit)) {
    const allowed = allowedFor(msgId)
    must(allowed.includes(reason), 'S10', () => `${msgId} is refused as ${reason}: ${detail}`)
  }
}
