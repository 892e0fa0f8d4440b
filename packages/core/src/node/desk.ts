/**
 * Decides and commits the batches of a space, one after the other: loads what the decision needs,
 * decides, signs, appends to the store, and only then sends the verdicts. After a commit of another
 * process, and after an append without an answer, it first reads the store from the last known seq.
 */
import { without } from '../base/redact.ts'
import type { Uuid } from '../base/uuid.ts'
import { type Write, reviewIn } from '../history/entry.ts'
import type { Position, Rejection } from '../facts/message.ts'
import type { Limits } from '../facts/limits.ts'
import type { Commit, SpaceStore } from '../ports/space-store.ts'
import type { Entity } from '../schema/entity.ts'
import { reviewRows } from '../wire/frames.ts'
import { acceptedBytes, nackBytes, positionBytes, rejectionBytes } from '../wire/signed.ts'
import type { ReviewerOptions } from './api.ts'
import { acceptedRuns } from './accepted-runs.ts'
import { StateWriter } from './behind.ts'
import type { Connection } from './connection.ts'
import { decide } from '../review/decide.ts'
import type { LinkAnswers, Decision, Offer } from '../review/decision.ts'
import { appendEpoch, appendReturned, headAfter } from './epochs.ts'
import type { Evidence } from './evidence.ts'
import { type Events, ruleFailed } from './events.ts'
import { loadFor } from './load-for.ts'
import { type OpenSpace, trimCaches, replay } from './open.ts'
import { type SessionRecord, hasKey } from '../review/ledger.ts'
import type { Batch } from '../wire/types.ts'
import type { ReturnedBatch } from '../review/returned-flush.ts'
import { SpaceRows } from '../review/rows.ts'
import type { KeyedTypes } from '../review/state-keys.ts'
import { type Erasure, batchText, readHead } from '../review/stored.ts'
import { type Ack, type Nack, sendVerdicts } from './verdicts.ts'
import type { Views } from './views.ts'

/** Times in a row that an append may lose to another process on the same store. */
const FENCED_MAX = 8
/** Rejections between two deletions of old ones. */
const FORGET_STEP = 64

export interface DeskParts extends ReviewerOptions {
  readonly limits: Limits
  readonly store: SpaceStore
  readonly events: Events
  readonly evidence: Evidence
  readonly types: ReadonlyMap<string, Entity> | undefined
  readonly connections: ReadonlySet<Connection>
  readonly keyed: KeyedTypes
  /** Links that follow scopes. */
  readonly views: Views
  /** Called for a link whose peer reads too slowly: it must catch up from that position. */
  readonly onBehind: (connection: Connection, have: Position) => void
  /** Called in the turn of a newer erasure. */
  readonly onErased: () => void
}

export class Desk {
  readonly open: OpenSpace
  readonly behind: StateWriter
  readonly #parts: DeskParts
  #rows: SpaceRows
  #isHealthy = true
  #isUnsure = false // an append failed, and may have been committed nevertheless
  #fencedTimes = 0

  constructor(parts: DeskParts, open: OpenSpace) {
    const { store, clock, limits, events } = parts
    const { space, through } = open
    this.#parts = parts
    this.open = open
    this.#rows = new SpaceRows(space, parts.types)
    this.behind = new StateWriter({
      ...{ store, clock, space, through, keyed: parts.keyed },
      epoch: () => open.lineage.present.epoch,
      dirtyStatesMax: limits.dirtyStatesMax,
      head: () => this.head.seq,
      onError: events.storeFailed,
    })
    this.behind.committed() // schedules a write of the replayed states
  }

  get head(): Position {
    return this.open.head
  }

  /** Whether the store may have more than is known here. */
  get isUnsure(): boolean {
    return this.#isUnsure
  }

  get isHealthy(): boolean {
    return this.#isHealthy
  }

  /**
   * Resolves when every message of these offers is answered, with a verdict or a nack: to the
   * decision, if there is one.
   */
  async batch(offers: readonly Offer<Connection>[]): Promise<Decision<Connection> | undefined> {
    this.open.use.isHeld = true
    try {
      const decision = await this.#commit(offers)
      if (!this.#isHealthy) this.#parts.events.emit({ type: 'store_recovered' })
      this.#isHealthy = true
      return decision
    } catch (error) {
      await this.#failed(offers, error)
      return undefined
    } finally {
      trimCaches(this.open)
    }
  }

  async #commit(offers: readonly Offer<Connection>[]): Promise<Decision<Connection> | undefined> {
    const { clock } = this.#parts
    const startedMs = clock.monotonic()
    const mustOpenEpoch = this.open.mustOpenEpoch
    await this.settle()
    if (mustOpenEpoch) {
      if (offers.some(({ connection }) => connection)) {
        this.#nackAll(offers, 'an epoch was opened')
        return undefined
      }
    }
    const before = this.head
    const decision = await this.#decided(offers)
    const rejections = await this.#signed(decision)
    const acks = await this.#acks(decision)
    const nacks = await this.#nacks(decision)
    const committed = await this.#append(decision, rejections)
    if (!committed) return this.#fenced(offers)
    const states = this.#parts.views.before(decision)
    this.#apply(decision, rejections)
    this.#parts.events.emit({
      type: 'committed',
      seq: this.head.seq,
      messages: decision.batch.entries.length,
      rejected: rejections.size,
      durationMs: clock.monotonic() - startedMs,
    })
    sendVerdicts(decision, {
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
    this.#parts.views.committed({ decision, offers, before: states })
    this.behind.committed()
    return decision
  }

  /** What has to be done before the next commit: the store read, and an epoch opened. */
  async settle(): Promise<void> {
    this.open.use.isHeld = true
    if (this.#isUnsure) await this.resync()
    if (this.open.mustOpenEpoch) await this.openEpoch()
  }

  /** Appends a commit of an erasure. Rejects where it may have been committed, or not. */
  async appended(commit: Commit): Promise<'committed' | 'fenced'> {
    try {
      return await this.#parts.store.append(commit)
    } catch (error) {
      this.#isUnsure = true
      throw error
    }
  }

  /** What of the log is erased, as of the present head. */
  erased(erasure: Erasure): void {
    const isNews = erasure.newest > this.open.erasure.newest
    this.open.erasure = erasure
    if (!isNews) return
    this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    this.#parts.onErased()
  }

  /** Opens an epoch at the head. Closes all links; the next greeting has the new epoch. */
  async openEpoch(): Promise<void> {
    const { events, connections } = this.#parts
    for (let times = 0; (await appendEpoch(this.open, this.#parts)) === 'fenced'; times++) {
      if (times > FENCED_MAX) throw new Error('another reviewer writes to this space all the time')
      await this.resync()
    }
    const { epoch, seq } = this.head
    events.emit({ type: 'epoch_opened', epoch, seq })
    for (const link of [...connections]) link.close('an epoch was opened; resume')
    this.behind.committed()
  }

  /**
   * The data are older than what this reviewer has signed: an epoch is opened, unless another process
   * on the store has what is missing. Resolves to whether one was.
   */
  async lost(position?: Position): Promise<boolean> {
    await this.resync()
    const { lineage } = this.open
    if (position && lineage.has(position) && position.seq <= this.head.seq) return false
    await this.openEpoch()
    return true
  }

  /** Appends batches that were handed back and continue the head. False where the store fails. */
  async adopt(
    batches: readonly ReturnedBatch[],
    recordsOf: (batch: Batch) => Promise<ReadonlyMap<Uuid, SessionRecord>>,
  ): Promise<boolean> {
    const { store, connections, onBehind, events } = this.#parts
    const before = this.head
    // It is proved that the stored data ended too early.
    this.open.mustOpenEpoch = true
    try {
      for (const one of batches) {
        const records = await recordsOf(one.batch)
        const returned = await appendReturned(this.open, one, { ...this.#parts, records })
        if (returned === 'fenced') return false
        const { head, erasure } = returned
        this.open.ledger.forgetVerdicts()
        await replay(this.open, { after: this.head.seq, head }, store)
        const isOther = head.eid !== this.head.eid
        this.open.head = head
        this.erased(erasure)
        // Their greeting lacks the new epochs, so no frame of these may be sent to them.
        if (isOther) for (const link of [...connections]) link.close('epochs came back; resume')
      }
    } catch (error) {
      events.storeFailed(error)
      this.#isUnsure = true
      return false
    } finally {
      this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    }
    events.emit({ type: 'adopted', fromSeq: before.seq + 1, toSeq: this.head.seq })
    for (const link of [...connections]) {
      if (link.mode === 'live') onBehind(link, before)
      else if (link.mode === 'states') link.close('messages came back; resume')
    }
    this.behind.committed()
    return true
  }

  #nackAll(offers: readonly Offer<Connection>[], detail: string): void {
    for (const offer of offers) this.#parts.events.nackAll(offer, 'unavailable', detail)
  }

  async #decided(offers: readonly Offer<Connection>[]): Promise<Decision<Connection>> {
    const { source, space, ledger, persons, revocations, lineage } = this.open
    const { clock, random, rules = {}, review, canRead, assign: assigners = {} } = this.#parts
    const history = new Map<Uuid, readonly Write[] | 'long'>()
    await loadFor(offers, source)
    const deciding = decide(offers, {
      ...{ space, ledger, persons, revocations, lineage, random, rules, review, canRead },
      ...{ assigners, history },
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

  /** The signed rejections, by message id. */
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
   * Signed acks, which go to authors beside the tail: for messages that were accepted before and offered
   * again, and for all accepted messages of links that do not follow. Links that follow scopes get them
   * with the states.
   */
  async #acks({ answers }: Decision<Connection>): Promise<readonly Ack[]> {
    const { keys, signer } = this.#parts
    const { eid, epoch } = this.head
    const told = answers.flatMap(({ connection, sessionId, again, accepted }) => {
      if (!connection || connection.mode === 'states') return []
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

  /**
   * Nacks, grouped by reason. A nack that concerns only its messages is signed, because a client
   * acts on it.
   */
  async #nacks({
    answers,
  }: Decision<Connection>): Promise<ReadonlyMap<LinkAnswers<Connection>, readonly Nack[]>> {
    const told = new Map<LinkAnswers<Connection>, readonly Nack[]>()
    for (const answer of answers) {
      const { connection } = answer
      if (!connection || answer.nacks.length === 0) continue
      const groups = Map.groupBy(answer.nacks, (one) => `${one.alone} ${one.reason} ${one.detail}`)
      const nacks = [...groups.values()].map((group) =>
        this.#nack({ ...answer, connection }, group),
      )
      told.set(answer, await Promise.all(nacks))
    }
    return told
  }

  async #nack(
    { connection, sessionId }: { readonly connection: Connection; readonly sessionId: Uuid },
    group: LinkAnswers<Connection>['nacks'],
  ): Promise<Nack> {
    const { keys, signer, space } = this.#parts
    // A group has at least one nack.
    const { reason, detail, alone } = group[0]!
    const about = { sessionId, clientSeqs: group.map((one) => one.clientSeq), reason, detail }
    if (!alone) return { ...about, alone, sig: null }
    const bytes = nackBytes(space, this.head, { ...about, nonce: connection.nonce })
    return { ...about, alone, sig: await signer.sign(keys, bytes) }
  }

  /**
   * The records that the store does not have. A session whose messages came back without its key may have
   * been bound, stored, and released since it was read: its stored record stays.
   */
  async #unstored(records: readonly SessionRecord[]): Promise<readonly SessionRecord[]> {
    const each = new Map(records.map((record) => [record.sessionId, record]))
    const unstored = this.open.ledger.unstored(each.values())
    const ids = unstored.flatMap((record) => (hasKey(record) ? [] : [record.sessionId]))
    if (ids.length === 0) return unstored
    const kept = await this.#parts.store.sessions(ids)
    const known = new Set(ids.filter((_, i) => kept[i] !== undefined))
    return unstored.filter(({ sessionId }) => !known.has(sessionId))
  }

  /** Appends the decision to the store. Resolves to false if another process has committed before. */
  async #append(
    decision: Decision<Connection>,
    rejections: ReadonlyMap<Uuid, Rejection>,
  ): Promise<boolean> {
    const { stored, head } = decision
    const refused = decision.refused.filter(({ isFirst }) => isFirst)
    if (!stored && refused.length === 0) return true
    const { keys, signer, store } = this.#parts
    const { ledger, persons, space, commits, lineage } = this.open
    const position = stored
      ? { ...head, sig: await signer.sign(keys, positionBytes(this.#parts.space, head)) }
      : this.head
    const sessions = await this.#unstored([...decision.sessions.values(), ...ledger.kept()])
    const authors = persons.unstored(decision.batch.persons)
    const commit: Commit = {
      epoch: lineage.present.epoch,
      expect: { seq: this.head.seq, commits },
      ...(stored && { batch: { ...stored, text: batchText(stored.text, position) } }),
      sessions: sessions.map((record) => ({
        sessionId: record.sessionId,
        text: JSON.stringify(record),
      })),
      authors: authors.map(([authorId, text]) => ({ authorId, text })),
      accepted: acceptedRuns(decision),
      rejections: refused.map(({ rejection, message }) => ({
        msgId: rejection.msgId,
        sessionId: message.session.facts.sessionId,
        clientSeq: message.clientSeq,
        text: JSON.stringify(rejections.get(rejection.msgId)),
      })),
      head: headAfter(this.open, position, space.assignedAfter(decision.batch.entries)),
    }
    if ((await store.append(commit)) === 'fenced') return false
    this.open.commits = commits + 1
    this.open.head = position
    ledger.markStored(sessions)
    for (const [authorId, person] of authors) persons.loaded(authorId, person)
    return true
  }

  /** Applies a decision that the store has committed to the space and the ledger. */
  #apply(
    { batch, refused, stored, failures, equivocations }: Decision<Connection>,
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
    for (const { message, rejection, isFirst, person } of refused) {
      const { sessionId } = message.session.facts
      if (isFirst) {
        ledger.noteVerdict(sessionId, message.clientSeq, { kind: 'refused' })
        ledger.noteRejection(rejection.msgId, rejections.get(rejection.msgId))
      }
      const { msgId, reason, detail = '' } = rejection
      const words = without([person.id], detail)
      this.#parts.events.emit({ type: 'rejected', msgId, reason, detail: words })
    }
    for (const failed of failures) this.#parts.events.emit(ruleFailed(failed))
    this.#parts.evidence.keep(equivocations)
    this.#parts.events.accepted += batch.entries.length
    this.#parts.events.rejected += refused.length
    this.#forgetRejections(refused.length)
  }

  /** Deletes the texts of the oldest rejections, a few at a time; the ledger keeps that they were refused. */
  #forgetRejections(added: number): void {
    const { rejected } = this.#parts.events
    const before = Math.floor((rejected - added) / FORGET_STEP)
    if (Math.floor(rejected / FORGET_STEP) === before) return
    const { rejectionsMax } = this.#parts.limits
    this.#parts.store
      .forgetRejections(rejectionsMax, FORGET_STEP * 2)
      .catch((error: unknown) => this.#parts.events.storeFailed(error))
  }

  /**
   * Called when another process has committed to this space: reads its batches, and decides the
   * offers again.
   */
  async #fenced(offers: readonly Offer<Connection>[]): Promise<Decision<Connection> | undefined> {
    if (++this.#fencedTimes > FENCED_MAX) {
      this.#fencedTimes = 0
      throw new Error(`another reviewer has committed to this space ${FENCED_MAX} times in a row`)
    }
    await this.resync()
    const decision = await this.#commit(offers)
    this.#fencedTimes = 0
    return decision
  }

  /** Nacks the offers, as their commit is uncertain, and reads the head of the store again. */
  async #failed(offers: readonly Offer<Connection>[], error: unknown): Promise<void> {
    if (this.#isHealthy) this.#parts.events.storeFailed(error)
    this.#isHealthy = false
    this.#isUnsure = true
    // Rows may include messages that were not committed.
    this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    try {
      await this.resync()
    } catch {
      // The store still fails. The next batch calls `#resync` before it uses rows or ledger.
    }
    this.#nackAll(offers, 'the store does not answer')
  }

  /**
   * Replays batches that another process has committed, and closes all links: they get these
   * batches when they reconnect.
   */
  async resync(): Promise<void> {
    const { store } = this.#parts
    const stored = await store.head()
    const known = this.head.seq
    this.#rows = new SpaceRows(this.open.space, this.#parts.types)
    this.open.ledger.forgetVerdicts()
    this.open.persons.forget()
    const isOther = stored.commits !== this.open.commits
    if (isOther)
      this.open.revocations.reload(stored.hasRevocations ? await store.revocations() : [])
    if (stored.text !== undefined && stored.seq !== known) {
      const { position: head, assigned, erasure } = readHead(stored.text)
      await replay(this.open, { after: known, head }, store)
      this.open.space.assignedAre(assigned)
      this.open.head = head
      this.erased(erasure)
    }
    this.open.commits = stored.commits
    // Also where that commit took no seq: it may have revoked an author.
    if (isOther)
      for (const link of [...this.#parts.connections]) link.close('the store answered late; resume')
    this.#isUnsure = false
  }
}
