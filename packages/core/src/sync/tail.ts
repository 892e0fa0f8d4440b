/**
 * Applies canonical facts to the repo: batches of the tail in seq order, and snapshots. One call is
 * one step: all of its messages are applied, or none, and subscribers are called once.
 *
 *   a batch that is known   skipped           a batch beyond the next seq     a gap: request again
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { isForked } from '../fold/apply.ts'
import { PageLoader } from '../fold/snapshot.ts'
import { erasedSeqOf, lastOf, seqOf as seqOfState } from '../fold/state.ts'
import { type Entry, applyAssigned, giveReview, reviewIn } from '../history/entry.ts'
import type { ErasedBefore } from '../history/erased.ts'
import { HeldChains } from '../history/held-chains.ts'
import type { StepWatcher } from '../history/step-watcher.ts'
import type { Position, Review } from '../facts/message.ts'
import type { Repo } from '../rows/repo.ts'
import { redactRow } from '../rows/redact-row.ts'
import type { Table } from '../rows/table.ts'
import { type PageEntity, readPage } from '../wire/pages.ts'
import type { RedactRecord } from '../wire/records.ts'
import { keptReview } from '../wire/reviews.ts'
import type { Batch } from '../wire/types.ts'
import {
  type Malformed,
  type NotTaken,
  type PlanParts,
  type PlannedTail,
  type ReadOne,
  type Reviewing,
  type EpochTerm,
  type Acceptance,
  type TailFrame,
  TailPlan,
  endOf,
  malformed,
} from './tail-plan.ts'
import { Unverified } from './unverified.ts'
import type { Scope } from '../wire/scopes.ts'
import { isInScope } from '../fold/in-scope.ts'

/** The frame was applied. */
export interface TailApplied {
  readonly kind: 'applied'
  /** The position before it, and its term. */
  readonly from: Pick<Position, 'seq' | 'chain'>
  readonly start: EpochTerm
  /** In canonical order. */
  readonly entries: readonly Entry[]
  /** Own entries that got their review. */
  readonly settled: readonly Entry[]
  /** Rows of which values were erased, with their types. */
  readonly erased: ReadonlyMap<Uuid, string>
}

/** The outcome of a frame. No part of it was applied unless it is `applied`. */
export type TailOutcome = TailApplied | NotTaken

export interface SnapshotApplied {
  readonly kind: 'applied'
  /** Page by page. */
  readonly pages: readonly (readonly PageEntity[])[]
  readonly settled: readonly Entry[]
}

export interface SnapshotAt {
  readonly position: Position
  /**
   * Pending entries that it contains without naming them, because later writes have overwritten
   * theirs.
   */
  readonly settled: ReadonlyMap<Entry, Review>
  /** The present state is of another lineage, whose chain cannot be compared with this one. */
  readonly isOther: boolean
}

/** States of rows: all changes of some scopes up to a position. */
export interface StatesStep {
  /** A row may be here several times; the newest state counts. */
  readonly entities: readonly PageEntity[]
  readonly position: Position
  /** The present state is of another lineage, and is discarded. */
  readonly isOther: boolean
  /** Own messages whose rows are all in this step. */
  readonly accepted: ReadonlyMap<Entry, Review>
  /** Scopes that are whole with this step; `has`: whether a row was sent. */
  readonly whole: readonly { readonly scope: Scope; readonly has: (id: Uuid) => boolean }[]
  /** Rows that this person can no longer read. */
  readonly gone: ReadonlySet<Uuid>
  /** The scopes of which all rows are here, with this step. */
  readonly followed: readonly Scope[]
  /** The seq of the newest erasure that the reviewer knows. */
  readonly erasedSeq: number
  /** Called when the rows have changed, before subscribers are notified. */
  readonly onChanged: () => void
}

export interface StatesApplied {
  readonly settled: readonly Entry[]
  /** Rows whose canonical state may have changed, with their types. */
  readonly changed: ReadonlyMap<Uuid, string>
}

export interface TailParts extends PlanParts {
  /** The entry of an own message without a verdict, shown or not. */
  readonly findWaiting: (sessionId: Uuid, clientSeq: number) => Entry | undefined
  /** Maximum positions whose chain is kept, to compare it with `seen` of authors. */
  readonly heldChainsMax: number
  /** An accepted message whose author had seen another history at a position that this replica knows. */
  readonly onOtherHistory: (messageId: Uuid, seq: number) => void
  /** Values of a row were erased, and are in no state here any more. */
  readonly onErased: (erased: ErasedBefore) => void
  /** Values of rows that are not here may have been erased: nobody tells of which. */
  readonly onErasedElsewhere: () => void
  /** Called when a batch was applied. */
  readonly onTaken: (text: string, batch: Batch) => void
  /** Called when messages that are shown as `unverified` were forged. They are still shown. */
  readonly onDisowned: (entries: readonly Entry[], by: Reviewing) => void
}

/** Applies batches and snapshots in seq order, and has the position after them. */
export class TailReader {
  watcher: StepWatcher | undefined
  readonly #repo: Repo
  readonly #parts: TailParts
  readonly #plan: TailPlan
  readonly #unverified: Unverified
  #position: Position | null = null
  #chains: HeldChains
  /** Of the pages of one stored state. */
  #loader = new PageLoader()

  constructor(repo: Repo, parts: TailParts) {
    this.#repo = repo
    this.#parts = parts
    this.#plan = new TailPlan(repo, parts)
    this.#unverified = new Unverified(repo, { plan: this.#plan, findWaiting: parts.findWaiting })
    this.#chains = new HeldChains(parts.heldChainsMax)
  }

  get position(): Position | null {
    return this.#position
  }

  /** Discards the position; the next step must be a snapshot or a tail from the start. */
  reset(): void {
    this.#repo.removePending(this.#unverified.take())
    this.#position = null
    this.#chains = new HeldChains(this.#parts.heldChainsMax)
  }

  /** Shows messages of a frame before it is verified, if they can be removed again (GATE11). */
  show(frame: TailFrame, by: Reviewing): void {
    this.#unverified.show(frame, by, endOf(this.#position, by.lineage.at(0)))
  }

  /** Whether unverified messages are shown. */
  get isAhead(): boolean {
    return this.#unverified.any
  }

  /** The seq up to which unverified messages are shown; undefined if none is. */
  get shownSeq(): number | undefined {
    return this.isAhead ? this.#unverified.seq : undefined
  }

  /** Whether the messages that were shown up to that seq are verified, or out of view. */
  hasChecked(seq: number | undefined): boolean {
    return seq === undefined || !this.isAhead || seq <= (this.#position?.seq ?? 0)
  }

  /** Removes unverified messages from the view, because they were forged. */
  disown(): void {
    const { by } = this.#unverified
    const entries = this.#unverified.take()
    if (by && entries.length > 0) this.#parts.onDisowned(entries, by)
  }

  /**
   * Applies batches in seq order, up to the verified position of the frame. `start`: the term of
   * this replica's position.
   */
  tail(frame: TailFrame, start: EpochTerm): TailOutcome {
    const planned = this.plan(frame, start)
    if (planned.kind === 'malformed') this.disown()
    if (planned.kind !== 'planned') return planned
    const outcome = this.apply(planned)
    this.#repo.emit()
    return outcome
  }

  /** The effect of a frame here, or after a later position `from`, whose term is `start`. */
  plan(
    frame: TailFrame,
    start: EpochTerm,
    from: Position | null = this.#position,
  ): PlannedTail | NotTaken {
    if (from && from.eid !== start.eid) return { kind: 'gap' }
    return this.#plan.frame(frame, start, endOf(from, start))
  }

  /** Applies a plan that continues this position. The caller emits. */
  apply({ acceptances, start, from, position, read }: PlannedTail): TailApplied {
    this.#compare(read)
    const erasures = read.flatMap(({ batch }) => batch.redact ?? [])
    const erased = new Map<Uuid, string>()
    const settled: Entry[] = []
    for (const one of acceptances) {
      this.#eraseBefore(one.accepted.seq, erasures, erased)
      const own = this.#apply(one)
      if (own) settled.push(own)
    }
    this.#eraseBefore(Infinity, erasures, erased)
    assert(erasures.length === 0, 'each erasure of a step is done with it')
    assert(position.seq > (this.#position?.seq ?? 0), 'a tail moves the position forward')
    this.#position = position
    for (const { text, batch } of read) this.#parts.onTaken(text, batch)
    const entries = acceptances.map(({ entry }) => entry)
    return { kind: 'applied', from, start, entries, settled, erased }
  }

  /** Erases values as the erasures before a seq say, which are done then. */
  #eraseBefore(seq: number, erasures: RedactRecord[], erased: Map<Uuid, string>): void {
    while (erasures[0] && erasures[0].seq < seq) {
      const [next] = erasures.splice(0, 1)
      assert(next, 'an erasure that is done was there')
      const table = this.#repo.tableOf(next.entityId)
      if (table) redactRow(table, next)
      if (table) erased.set(next.entityId, table.entity.name)
      this.#noteErased(next)
    }
  }

  #noteErased(erased: ErasedBefore): void {
    this.watcher?.erased(erased)
    this.#parts.onErased(erased)
  }

  /** What states say of erasures that are newer than the one that was known of the row. */
  #noteErasedIn(entities: Iterable<PageEntity>, known: (id: Uuid) => number): void {
    for (const { id, redacted = {} } of entities) {
      const knownSeq = known(id)
      const news = Object.entries(redacted).filter(([, seq]) => seq > knownSeq)
      const seq = Math.max(0, ...news.map(([, each]) => each))
      const regs = news.map(([reg]) => reg)
      if (regs.length > 0) this.#noteErased({ entityId: id, regs, seq })
    }
  }

  /** Starts at the position of a stored state, whose pages `load` applies. */
  resume(position: Position): void {
    assert(!this.isAhead, 'nothing is shown before its check while a stored state is taken in')
    this.#position = position
    this.#loader = new PageLoader()
  }

  /** Applies entities of a stored state, in any order of its pages. The caller emits. */
  load(entities: readonly PageEntity[]): void {
    this.#replace(entities, new Map(), this.#loader)
  }

  /** Replaces all canonical state by a snapshot at a position. */
  snapshot(
    pages: readonly string[],
    { position, settled, isOther }: SnapshotAt,
  ): SnapshotApplied | Malformed {
    const all: (readonly PageEntity[])[] = []
    for (const page of pages) {
      const read = readPage(page)
      if (!read.ok) return malformed(read.error.message)
      all.push(read.value)
    }
    const entities = all.flat()
    const present = new Set(entities.map((entity) => entity.id))
    for (const table of this.#repo.tables()) {
      const gone = [...table.rows()].filter((row) => !present.has(row.id))
      for (const row of gone) table.replaceCanonical(row.id, undefined)
    }
    const acked = this.#replace(entities, settled)
    const knownSeq = isOther ? 0 : (this.#position?.seq ?? 0)
    this.#noteErasedIn(entities, () => knownSeq)
    // The snapshot contains it, and later writes have overwritten it.
    this.#repo.removePending(this.#unverified.take())
    if (isOther) this.#chains = new HeldChains(this.#parts.heldChainsMax)
    this.#position = position
    this.#repo.emit()
    this.watcher?.snapshot(position)
    return { kind: 'applied', pages: all, settled: acked }
  }

  /**
   * Applies states of rows. States older than the present ones are skipped: they were read earlier
   * and sent later. A row that a whole scope no longer sends has left it; its present state is
   * unknown, so it is removed, unless a pending message needs it.
   */
  states(step: StatesStep): StatesApplied {
    const { entities, position, isOther, accepted, onChanged } = step
    const knownSeq = isOther ? 0 : (this.#position?.seq ?? 0)
    const changed = isOther ? this.#clear() : new Map<Uuid, string>()
    const newest = new Map<Uuid, PageEntity>()
    const erasedSeqs = new Map<Uuid, number>()
    for (const entity of entities) {
      const known = newest.get(entity.id)
      const table = this.#repo.tableNamed(entity.type)
      table.keep(entity.id)
      const here = table.canonical(entity.id)
      const isNews = seqOf(entity) > (here ? seqOfState(here) : 0)
      if (isNews && (!known || seqOf(entity) > seqOf(known))) newest.set(entity.id, entity)
      erasedSeqs.set(entity.id, here ? erasedSeqOf(here) : 0)
    }
    const settled = this.#replace([...newest.values()], accepted, undefined, (entry, review) => {
      const isWhole = this.#isContained(entry, review, newest)
      if (!isWhole) this.#contain(entry, newest)
      return isWhole
    })
    for (const { id, type } of newest.values()) changed.set(id, type)
    // It may be here for the first time, or again: its values were elsewhere than in a row.
    this.#noteErasedIn(newest.values(), (id) => erasedSeqs.get(id) ?? 0)
    this.#release(step, changed)
    if (step.erasedSeq > knownSeq) {
      this.#releaseUnfollowed(step, changed)
      this.#parts.onErasedElsewhere()
    }
    this.#position = position
    onChanged()
    this.#repo.emit()
    this.watcher?.snapshot(position)
    return { settled, changed }
  }

  /** Whether the store has the canonical state of a row. */
  has(id: Uuid): boolean {
    return this.#repo.tableOf(id)?.canonical(id) !== undefined
  }

  /** Whether it has the state of a row, and goes on to be told of it. */
  keeps(id: Uuid): boolean {
    return this.#repo.tableOf(id)?.lasting(id) !== undefined
  }

  /**
   * Removes rows that are withheld, and those that have left a whole scope. Adds them to `changed`.
   */
  #release({ whole, gone }: StatesStep, changed: Map<Uuid, string>): void {
    const release = (table: Table, id: Uuid): void => {
      table.release(id)
      changed.set(id, table.entity.name)
    }
    for (const id of gone) {
      const table = this.#repo.tableOf(id)
      if (table?.canonical(id)) release(table, id)
    }
    for (const { scope, has } of whole) {
      const table = this.#repo.tableNamed(scope.type)
      for (const id of scope.ids ?? [...table.rows()].map((row) => row.id)) {
        const state = table.canonical(id)
        if (!state || !isInScope(state, scope, table.registers)) continue
        if (has(id)) table.keep(id)
        else release(table, id)
      }
    }
  }

  /** Of rows that are in no whole scope nobody tells that their values were erased: they go. */
  #releaseUnfollowed({ followed, entities }: StatesStep, changed: Map<Uuid, string>): void {
    const sent = new Set(entities.map(({ id }) => id))
    for (const table of this.#repo.tables())
      for (const { id } of [...table.rows()]) {
        const state = table.canonical(id)
        const { name } = table.entity
        const isFollowed = (scope: Scope): boolean =>
          scope.type === name && state !== undefined && isInScope(state, scope, table.registers)
        if (!state || sent.has(id) || followed.some(isFollowed)) continue
        table.release(id)
        changed.set(id, name)
      }
  }

  /** Discards all canonical state. Returns the rows that had one, with their types. */
  #clear(): Map<Uuid, string> {
    const cleared = new Map<Uuid, string>()
    for (const table of this.#repo.tables())
      for (const { id } of [...table.rows()]) {
        if (!table.canonical(id)) continue
        table.replaceCanonical(id, undefined)
        cleared.set(id, table.entity.name)
      }
    return cleared
  }

  /** Shows these states; pending entries that turn out to be in them are settled. */
  #replace(
    entities: readonly PageEntity[],
    settled: ReadonlyMap<Entry, Review>,
    loader: PageLoader = new PageLoader(),
    isContained: (entry: Entry, review: Review) => boolean = () => true,
  ): Entry[] {
    const { messages } = this.#repo
    const acked = new Map([...settled].filter(([entry]) => !entry.review))
    for (const { message } of entities.flatMap(({ writes }) => writes)) {
      const { id, sessionId, clientSeq, review } = message
      messages.noteCanonical(id)
      const entry =
        messages.find(sessionId, clientSeq) ?? this.#parts.findWaiting(sessionId, clientSeq)
      if (!entry) messages.noteAccepted(sessionId, clientSeq)
      else if (isContained(entry, review)) acked.set(entry, review)
    }
    for (const [entry, review] of acked) this.#repo.acceptContained(entry, review)
    for (const entity of entities) {
      const { registers } = this.#repo.tableNamed(entity.type)
      this.#repo.replaceCanonical(entity.type, entity.id, loader.state(entity, registers))
    }
    return [...acked.keys()]
  }

  /**
   * Whether the store has the states of all rows of an accepted message, with those of this step.
   */
  #isContained({ writes }: Entry, { seq }: Review, ids: ReadonlyMap<Uuid, unknown>): boolean {
    return writes.every(({ type, entityId }) => {
      const here = this.#repo.tableNamed(type).canonical(entityId)
      return ids.has(entityId) || (here && reviewIn(lastOf(here).entry).seq >= seq)
    })
  }

  /** Some rows of an own message are sent without the others: it stays pending on the others. */
  #contain({ writes }: Entry, ids: ReadonlyMap<Uuid, unknown>): void {
    for (const write of writes)
      if (ids.has(write.entityId)) this.#repo.tableNamed(write.type).removePending(write)
  }

  /**
   * Every author signs how far it had read, and the chain there. A reviewer that serves two
   * histories cannot accept a message without sending it to stores that have the other one.
   */
  #compare(read: readonly ReadOne[]): void {
    for (const { batch, term } of read) {
      for (const { seen, id } of batch.accepted)
        if (seen.eid === term.eid && !this.#chains.mayBe(seen.seq, seen.chain))
          this.#parts.onOtherHistory(id, seen.seq)
      this.#chains.note(batch.throughSeq, batch.chain)
    }
  }

  /** Returns the entry that has got its verdict, if it is an own one. */
  #apply({ entry, accepted, batch, term, isPending }: Acceptance): Entry | undefined {
    const { messages } = this.#repo
    // Nearly no review has bases or assigned values.
    const regs = accepted.review ? entry.writes.map((write) => write.regs.names) : []
    let forked = false
    for (const write of entry.writes)
      forked ||= isForked(this.#repo.tableNamed(write.type).canonical(write.entityId), write)
    const review = keptReview(accepted, { ...term, at: batch.at }, { regs, forked })
    assert(review.seq > (this.#position?.seq ?? 0), 'what is applied is above the position')
    applyAssigned(entry, review, (type) => this.#repo.tableNamed(type).registers)
    messages.noteCanonical(entry.id)
    if (isPending) {
      const isOwn = entry.state !== 'unverified'
      this.#repo.accept(entry, review)
      return isOwn ? entry : undefined
    }
    giveReview(entry, review)
    const { sessionId } = entry.session
    const waiting = this.#parts.findWaiting(sessionId, entry.clientSeq)
    messages.noteAccepted(sessionId, entry.clientSeq)
    this.#repo.addCanonical(entry)
    if (waiting?.id !== entry.id) return undefined
    // It could not be shown before its verdict.
    giveReview(waiting, review)
    return waiting
  }
}

/** The seq as of which the state of a page entity is. */
function seqOf({ writes, redacted = {} }: PageEntity): number {
  // The parser rejects a page entity without writes.
  return Math.max(writes.at(-1)!.message.review.seq, ...Object.values(redacted))
}
