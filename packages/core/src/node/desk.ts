/**
 * Where a reviewer's space is decided and committed, one batch after the other: what is missing is
 * loaded, the batch decided, signed and appended to the store, and only then told. A store that
 * another process has written to, or that may have committed what it did not answer, is read from
 * the last known seq on.
 */
import type { Uuid } from '../base/uuid.ts'
import type { AuthoredMessage } from '../facts/types.ts'
import { type Write, reviewIn } from '../history/entry.ts'
import { pendingIn } from '../history/names.ts'
import type { Position, Rejection } from '../facts/message.ts'
import type { Limits } from '../facts/limits.ts'
import type { Commit, LedgerRun, SpaceStore } from '../ports/space-store.ts'
import type { Entity } from '../schema/entity.ts'
import { reviewRows } from '../wire/frames.ts'
import { acceptedBytes, nackBytes, positionBytes, rejectionBytes } from '../wire/signed.ts'
import type { ReviewerEvent, ReviewerOptions } from './api.ts'
import { WriteBehind } from './behind.ts'
import type { Connection } from './connection.ts'
import { type Answers, type Decision, type Offer, decide } from '../review/decide.ts'
import type { Events } from './events.ts'
import { type OpenSpace, letGo, replay } from './open.ts'
import { SpaceRows } from '../review/rows.ts'
import type { RuleFailure } from '../review/rules.ts'
import { batchText, headText, readHead } from '../review/stored.ts'
import { type Ack, type Nack, tellVerdicts } from './tell.ts'

/** Another process on the same store is read, and decided behind, so often. */
const FENCED_MAX = 8
/** Rejections are forgotten in steps of so many. */
const FORGET_STEP = 64

export interface DeskParts extends ReviewerOptions {
  readonly limits: Limits
  readonly store: SpaceStore
  readonly events: Events
  readonly types: ReadonlyMap<string, Entity> | undefined
  readonly connections: ReadonlySet<Connection>
  /** This peer reads too slowly: everything since that position goes at its own pace. */
  readonly onBehind: (connection: Connection, have: Position) => void
}

export class Desk {
  readonly open: OpenSpace
  readonly behind: WriteBehind
  readonly #parts: DeskParts
  #rows: SpaceRows
  #isHealthy = true
  #isUnsure = false // an append failed, and may have been committed all the same
  #fencedTimes = 0

  constructor(parts: DeskParts, open: OpenSpace) {
    const { store, clock, limits, events } = parts
    const { space, epoch, through } = open
    this.#parts = parts
    this.open = open
    this.#rows = new SpaceRows(space, parts.types)
    this.behind = new WriteBehind({
      ...{ store, clock, space, through, epoch: epoch.epoch },
      dirtyStatesMax: limits.dirtyStatesMax,
      head: () => this.head.seq,
      onError: events.storeFailed,
    })
    this.behind.committed() // what was replayed
  }

  get head(): Position {
    return this.open.head
  }

  get isHealthy(): boolean {
    return this.#isHealthy
  }

  /** Ends when every one of them has its verdict, or was told that there is none. */
  async batch(offers: readonly Offer<Connection>[]): Promise<void> {
    this.open.use.isHeld = true
    try {
      await this.#commit(offers)
      if (!this.#isHealthy) this.#parts.events.emit({ type: 'store_recovered' })
      this.#isHealthy = true
    } catch (error) {
      await this.#failed(offers, error)
    } finally {
      letGo(this.open)
    }
  }

  async #commit(offers: readonly Offer<Connection>[]): Promise<void> {
    const { clock } = this.#parts
    const startedMs = clock.monotonic()
    if (this.#isUnsure) await this.#resync()
    const before = this.head
    const decision = await this.#decided(offers)
    const rejections = await this.#signed(decision)
    const acks = await this.#acks(decision)
    const nacks = await this.#nacks(decision)
    const committed = await this.#append(decision, rejections)
    if (!committed) {
      await this.#fenced(offers)
      return
    }
    this.#took(decision, rejections)
    this.#parts.events.emit({
      type: 'committed',
      seq: this.head.seq,
      messages: decision.batch.entries.length,
      rejected: rejections.size,
      durationMs: clock.monotonic() - startedMs,
    })
    tellVerdicts(decision, {
      before,
      head: this.head,
      rejections,
      acks,
      nacks,
      connections: this.#parts.connections,
      limits: this.#parts.limits,
      onBehind: this.#parts.onBehind,
      onNack: (reason, messages) => this.#parts.events.noteNacked(reason, messages),
    })
    this.behind.committed()
  }

  async #decided(offers: readonly Offer<Connection>[]): Promise<Decision<Connection>> {
    const { source, space, ledger, epoch } = this.open
    const { clock, random, rules = {}, assign: assigners = {} } = this.#parts
    const history = new Map<Uuid, readonly Write[] | 'long'>()
    await this.#loadFor(offers)
    const deciding = decide(offers, {
      ...{ space, ledger, epoch, random, rules, assigners, history },
      now: clock.now(),
      spaceId: this.#parts.space,
      limits: this.#parts.limits,
      types: this.#parts.types,
      head: this.head,
      rows: this.#rows,
    })
    for (;;) {
      const { done, value } = deciding.next()
      if (done) return value
      await source.need(value, history)
    }
  }

  /** What a decision on these offers will look at, in few reads. */
  async #loadFor(offers: readonly Offer<Connection>[]): Promise<void> {
    const { source } = this.open
    const entities = new Set<Uuid>()
    for (const { flush, session } of offers) {
      const numbers = new Map<Uuid, Set<number>>()
      const add = (sessionId: Uuid, clientSeq: number): void => {
        const known = numbers.get(sessionId)
        if (known) known.add(clientSeq)
        else numbers.set(sessionId, new Set([clientSeq]))
      }
      const { sessionId } = session.facts
      for (const { clientSeq, changes, expect = [] } of flush.messages) {
        add(sessionId, clientSeq)
        for (const { entityId } of expect) entities.add(entityId)
        for (const { entityId, parents } of changes) {
          entities.add(entityId)
          for (const named of pendingIn(parents, sessionId)) add(named.sessionId, named.clientSeq)
        }
      }
      for (const [id, clientSeqs] of numbers) await source.numbers(id, clientSeqs)
    }
    await source.entities(entities)
  }

  /** By message id. */
  async #signed({ refused }: Decision<Connection>): Promise<ReadonlyMap<Uuid, Rejection>> {
    const { keys, signer } = this.#parts
    const signed = await Promise.all(
      refused.map(async ({ rejection }) => {
        const sig = await signer.sign(keys, rejectionBytes(rejection))
        return [rejection.msgId, { ...rejection, sig }] as const
      }),
    )
    return new Map(signed)
  }

  /**
   * What is told to authors beside the tail, signed: where messages stand that they have offered again,
   * and all that was accepted of links that do not follow.
   */
  async #acks({ answers }: Decision<Connection>): Promise<readonly Ack[]> {
    const { keys, signer } = this.#parts
    const { eid, epoch } = this.head
    const told = answers.flatMap(({ connection, sessionId, again, accepted }) => {
      const reviews = connection.mode === 'none' ? [...again, ...accepted] : again
      return reviews.length > 0 ? [{ connection, sessionId, reviews }] : []
    })
    return Promise.all(
      told.map(async (ack) => {
        const { sessionId, reviews } = ack
        const about = { eid, epoch, sessionId }
        const bytes = acceptedBytes(this.#parts.space, about, reviewRows(reviews))
        return { ...ack, sig: await signer.sign(keys, bytes) }
      }),
    )
  }

  /** What has no verdict, by reason. What concerns messages alone is signed: a client acts on it. */
  async #nacks({
    answers,
  }: Decision<Connection>): Promise<ReadonlyMap<Answers<Connection>, readonly Nack[]>> {
    const told = new Map<Answers<Connection>, readonly Nack[]>()
    for (const answer of answers) {
      if (answer.nacks.length === 0) continue
      const groups = Map.groupBy(answer.nacks, (one) => `${one.alone} ${one.reason} ${one.detail}`)
      const nacks = [...groups.values()].map((group) => this.#nack(answer, group))
      told.set(answer, await Promise.all(nacks))
    }
    return told
  }

  async #nack(
    { connection, sessionId }: Answers<Connection>,
    group: Answers<Connection>['nacks'],
  ): Promise<Nack> {
    const { keys, signer, space } = this.#parts
    // A group has at least the nack that it was made for.
    const { reason, detail, alone } = group[0]!
    const about = { sessionId, clientSeqs: group.map((one) => one.clientSeq), reason, detail }
    if (!alone) return { ...about, alone, sig: null }
    const bytes = nackBytes(space, this.head, { ...about, nonce: connection.nonce })
    return { ...about, alone, sig: await signer.sign(keys, bytes) }
  }

  /** False where another process was first. */
  async #append(
    decision: Decision<Connection>,
    rejections: ReadonlyMap<Uuid, Rejection>,
  ): Promise<boolean> {
    const { stored, head } = decision
    const refused = decision.refused.filter(({ isFirst }) => isFirst)
    if (!stored && refused.length === 0) return true
    const { keys, signer, store } = this.#parts
    const { ledger, space, commits, epoch } = this.open
    const position = stored
      ? { ...head, sig: await signer.sign(keys, positionBytes(this.#parts.space, head)) }
      : this.head
    const sessions = ledger.unstored(decision.sessions.values())
    const commit: Commit = {
      epoch: epoch.epoch,
      expect: { seq: this.head.seq, commits },
      ...(stored && { batch: { ...stored, text: batchText(stored.text, position) } }),
      sessions: sessions.map((record) => ({
        sessionId: record.sessionId,
        text: JSON.stringify(record),
      })),
      accepted: acceptedRuns(decision),
      rejections: refused.map(({ rejection, message }) => ({
        msgId: rejection.msgId,
        sessionId: message.session.facts.sessionId,
        clientSeq: message.clientSeq,
        text: JSON.stringify(rejections.get(rejection.msgId)),
      })),
      head: headText({ position, assigned: space.assignedAfter(decision.batch.entries) }),
    }
    if ((await store.append(commit)) === 'fenced') return false
    this.open.commits = commits + 1
    this.open.head = position
    ledger.markStored(sessions)
    return true
  }

  /** What the store has counts here, too. */
  #took(
    { batch, refused, stored, failures }: Decision<Connection>,
    rejections: ReadonlyMap<Uuid, Rejection>,
  ): void {
    const { space, ledger } = this.open
    space.commit(batch.entries, batch.states)
    if (stored) space.endBatch(this.head.seq, this.head.chain)
    for (const entry of batch.entries) {
      const { session, clientSeq, id } = entry
      const { seq, at, forked } = reviewIn(entry)
      ledger.noteVerdict(session.sessionId, clientSeq, { kind: 'accepted', seq })
      ledger.noteMessage(seq, { id, at, forked })
    }
    for (const { message, rejection, isFirst } of refused) {
      const { sessionId } = message.session.facts
      if (isFirst) {
        ledger.noteVerdict(sessionId, message.clientSeq, { kind: 'refused' })
        ledger.noteRejection(rejection.msgId, rejections.get(rejection.msgId))
      }
      const { msgId, reason, detail = '' } = rejection
      this.#parts.events.emit({ type: 'rejected', msgId, reason, detail })
    }
    for (const { failure, message } of failures)
      this.#parts.events.emit(ruleFailed(failure, message))
    this.#parts.events.accepted += batch.entries.length
    this.#parts.events.rejected += refused.length
    this.#forgetRejections(refused.length)
  }

  /** The texts of the oldest rejections go, a few at a time; that they were refused stays. */
  #forgetRejections(added: number): void {
    const { rejected } = this.#parts.events
    const before = Math.floor((rejected - added) / FORGET_STEP)
    if (Math.floor(rejected / FORGET_STEP) === before) return
    const { rejectionsMax } = this.#parts.limits
    this.#parts.store
      .forgetRejections(rejectionsMax, FORGET_STEP * 2)
      .catch((error: unknown) => this.#parts.events.storeFailed(error))
  }

  /** Another process has written to this space: its batches are read, and the offers decided again. */
  async #fenced(offers: readonly Offer<Connection>[]): Promise<void> {
    if (++this.#fencedTimes > FENCED_MAX) {
      this.#fencedTimes = 0
      throw new Error('another reviewer writes to this space all the time')
    }
    await this.#resync()
    await this.#commit(offers)
    this.#fencedTimes = 0
  }

  /** Nothing of the batch may be said. What the store really has is read again before going on. */
  async #failed(offers: readonly Offer<Connection>[], error: unknown): Promise<void> {
    if (this.#isHealthy) this.#parts.events.storeFailed(error)
    this.#isHealthy = false
    this.#isUnsure = true
    // Rows may hold what was not committed.
    this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    try {
      await this.#resync()
    } catch {
      // The store is still away: the next batch reads it before it looks at anything, rows included.
    }
    for (const offer of offers)
      this.#parts.events.nackAll(offer, 'unavailable', 'the store does not answer')
  }

  /** Takes in what the store has, and this process does not know: links are told when they resume. */
  async #resync(): Promise<void> {
    const { store } = this.#parts
    const stored = await store.head()
    const known = this.head.seq
    this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    this.open.ledger.forgetVerdicts()
    this.open.commits = stored.commits
    if (stored.text !== undefined && stored.seq !== known) {
      const head = readHead(stored.text).position
      await replay({ ...this.open, head }, known, store)
      this.open.head = head
      for (const link of [...this.#parts.connections]) link.close('the store answered late; resume')
    }
    this.#isUnsure = false
  }
}

function ruleFailed(
  { rule, message: error, cause }: RuleFailure,
  message: AuthoredMessage,
): ReviewerEvent {
  const types = new Set(message.changes.map(({ shape }) => shape.type))
  const stack = cause instanceof Error ? cause.stack : undefined
  return { type: 'rule_failed', rule, error, stack, msgId: message.id, types: [...types] }
}

/** The accepted messages of a decision as runs of numbers of one session. */
function acceptedRuns({
  batch,
}: Decision<Connection>): (LedgerRun & { readonly sessionId: Uuid })[] {
  const runs: { sessionId: Uuid; clientSeq: number; count: number; seq: number }[] = []
  for (const entry of batch.entries) {
    const { session, clientSeq } = entry
    const { sessionId } = session
    const { seq } = reviewIn(entry)
    const last = runs.at(-1)
    const follows =
      last?.sessionId === sessionId &&
      last.clientSeq + last.count === clientSeq &&
      last.seq + last.count === seq
    if (follows) last.count++
    else runs.push({ sessionId, clientSeq, count: 1, seq })
  }
  return runs
}
