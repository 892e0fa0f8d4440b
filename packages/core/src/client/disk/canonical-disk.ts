/**
 * Writes the canonical state to disk: each tail step as it arrives, and from time to time a
 * checkpoint that replaces the steps, so that opening a store does not replay its whole history. A
 * checkpoint writes only the pages whose rows have changed. All of it is a cache of the reviewer's
 * state.
 */
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Page, StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Table } from '../../rows/table.ts'
import type { TailReader } from '../../sync/tail.ts'
import type { Reviewing, EpochTerm } from '../../sync/tail-plan.ts'
import type { PageEntity } from '../../wire/pages.ts'
import { checkpointBatch, pageOf } from './checkpoint.ts'
import { type Disk, advanceOf, segment } from './disk.ts'
import type { RowsToKey } from './page-keys.ts'
import { type HeldRow, type PageJob, heldRow, writePages } from './page-work.ts'
import type { OutboxChange } from '../outbox/own-messages.ts'
import type { OwnBytes } from './own-bytes.ts'
import { rankOf } from './rank.ts'
import { type RestoredCanonical, type RestoredPages, stepText } from './restore.ts'
import { type RowPage, StoredPages, digestOf } from './stored-pages.ts'

/** An early checkpoint is due at this part of the steps, or of their bytes, of another one. */
const EARLY_PART = 1 / 8
/** Unchanged rows that an early checkpoint may write, where fewer rows have changed. */
const EARLY_UNCHANGED_ROWS_MAX = 1_024
/** Time between states of rows and the checkpoint that stores them. */
const STATES_WAIT_MS = 500
/** Time without a step after which an early checkpoint is considered. */
const IDLE_MS = 2_000

export interface CanonicalDiskParts {
  readonly disk: Disk
  readonly repo: Repo
  readonly tail: TailReader
  readonly clock: Clock
  readonly limits: Limits
  /** Counts what is stored of accepted own messages. */
  readonly settledOwn: Pick<OwnBytes, 'bytes' | 'take' | 'add'>
  /** Whether the store follows scopes. */
  readonly isPartial: boolean
  /** Called only after the session id is known. */
  readonly sessionId: () => Uuid
}

/** Somebody who waits for a checkpoint. */
interface Awaited {
  readonly done: (isStored: boolean) => void
  /** Whether the checkpoint under way is of a state that is new enough. */
  isCaptured: boolean
}

/** A checkpoint that is being encoded or written. */
interface Work {
  readonly position: Position
  readonly reviewerId: Uuid
  /** The stored checkpoint whose pages it builds on. */
  readonly base: string | undefined
  readonly stored: StoredPages
  readonly pages: Generator<void, readonly Page[], void>
  /** Bytes of the own flushes that it deletes. */
  readonly settledBytes: Bytes
}

export class CanonicalDisk {
  readonly #parts: CanonicalDiskParts
  /** The position of this replica before the next step; the storage may be ahead, by another tab. */
  #before: Position | null = null
  #steps = 0
  #stepBytes = NO_BYTES
  /** The checkpoint that this replica wrote or read last; undefined: the next one writes all rows. */
  #base: RestoredPages | undefined
  /** Rows that changed since `#base`, with their types. */
  #touched = new Map<Uuid, string>()
  #names = 0
  #work: Work | undefined
  #isDue = false
  /** What the next checkpoint stores of own flushes: states of scopes are stored by no step. */
  #own: OutboxChange[] = []
  #cancel: (() => void) | undefined
  #stopIdling: () => void = () => {}
  #awaited: readonly Awaited[] = []

  constructor(parts: CanonicalDiskParts) {
    this.#parts = parts
  }

  /** Continues from a restored state. */
  resume(state: StoredState, { stored, entries, erased }: RestoredCanonical): void {
    this.#before = this.#parts.tail.position
    this.#base = stored
    this.#touch(entries)
    for (const [id, type] of erased) this.#touched.set(id, type)
    const tail = state.segments.filter(({ kind }) => kind === 'tail')
    this.#steps = tail.length
    const sizes = tail.map(({ text }) => utf8Bytes(text))
    this.#stepBytes = sizes.reduce(addBytes, NO_BYTES)
    const own = state.segments.filter(({ key }) => state.settled.has(key))
    this.#parts.settledOwn.add(own.map(({ text }) => utf8Bytes(text)).reduce(addBytes, NO_BYTES))
  }

  /** Deletes the canonical state, in memory and on disk, so that it is fetched again from the reviewer. */
  async clear(): Promise<void> {
    this.forget()
    await this.#parts.disk.write({ durability: 'relaxed', reset: true })
  }

  /**
   * Resolves to whether the storage has a checkpoint of a state at least as new as this one, and no tail
   * from before it.
   */
  stored(reviewerId: Uuid | null): Promise<boolean> {
    const { disk, tail } = this.#parts
    if (!tail.position || !disk.handle || disk.trouble || reviewerId === null)
      return Promise.resolve(false)
    return new Promise((done) => {
      this.#awaited = [...this.#awaited, { done, isCaptured: false }]
      this.#checkpointSoon(reviewerId)
    })
  }

  #answer(isStored: boolean, isOf: (one: Awaited) => boolean): void {
    for (const one of this.#awaited.filter(isOf)) one.done(isStored)
    this.#awaited = this.#awaited.filter((one) => !isOf(one))
  }

  /** Deletes the canonical state in memory. */
  forget(): void {
    const { repo, tail } = this.#parts
    for (const table of repo.tables()) {
      for (const row of [...table.rows()]) table.replaceCanonical(row.id, undefined)
    }
    repo.messages.forgetAccepted()
    tail.reset()
    this.#before = null
    this.#forgetPages()
  }

  /** Writes one applied step of the tail; starts a checkpoint when there are too many steps. */
  step(
    by: Reviewing,
    step: {
      readonly texts: readonly string[]
      /** The term of the position before it. */
      readonly start: EpochTerm
      readonly entries: readonly Entry[]
      /** What becomes of own flushes by this step. */
      readonly own: OutboxChange
      /** Rows of which values were erased, with their types. */
      readonly erased: ReadonlyMap<Uuid, string>
    },
  ): void {
    const { disk, tail } = this.#parts
    // Set by the applied step.
    const position = tail.position!
    const text = stepText(step.start, step.texts)
    const key = `tail:${position.eid}:${position.seq}`
    void disk.write({
      durability: 'relaxed',
      segments: [segment(key, 'tail', { ids: [], text, rank: rankOf(position) })],
      ...step.own,
      advance: advanceOf(position, this.#before ? rankOf(this.#before) : 0),
    })
    this.#before = position
    this.#touch(step.entries)
    for (const [id, type] of step.erased) this.#touched.set(id, type)
    this.#steps++
    this.#stepBytes = addBytes(this.#stepBytes, utf8Bytes(text))
    this.#stepped(by.reviewerId)
  }

  #stepped(reviewerId: Uuid): void {
    if (this.#isOver(1)) this.#checkpointSoon(reviewerId)
    else this.#whenIdle(reviewerId)
  }

  /** Whether more than that part of what makes a checkpoint due is stored beside the last one. */
  #isOver(part: number): boolean {
    const { limits, settledOwn } = this.#parts
    if (this.#steps === 0) return false // a checkpoint of the stored position is not stored
    return (
      this.#steps > limits.checkpointStepsMax * part ||
      this.#stepBytes > limits.checkpointStepBytesMax * part ||
      settledOwn.bytes > limits.settledOwnBytesMax * part
    )
  }

  /**
   * Starts an early checkpoint where many steps have gathered and few unchanged rows share the pages:
   * the next opening applies all steps before it shows anything. Called once, after the first
   * catch-up, and when no step has come for a while.
   */
  caughtUp(reviewerId: Uuid): void {
    if (!this.#isOver(EARLY_PART)) return
    const changed = this.#touched.size
    const isCheap = this.#rowsOnPages() - changed <= Math.max(changed, EARLY_UNCHANGED_ROWS_MAX)
    if (isCheap || this.#isOver(1)) this.renew(reviewerId)
  }

  /**
   * Called when states of rows have arrived. Only checkpoints store them, some time later: an own
   * message leaves the stored outbox with the state that includes it.
   */
  changed(
    { reviewerId }: Reviewing,
    { changed, own }: { readonly changed: ReadonlyMap<Uuid, string>; readonly own: OutboxChange },
  ): void {
    for (const [id, type] of changed) this.#touched.set(id, type)
    if (own.outboxRemove) this.#own.push(own)
    this.#before = this.#parts.tail.position
    if (this.#touched.size > 0 || this.#own.length > 0)
      this.#checkpointSoon(reviewerId, STATES_WAIT_MS)
  }

  /** Considers an early checkpoint when no other step comes for a while. */
  #whenIdle(reviewerId: Uuid): void {
    this.#stopIdling()
    this.#stopIdling = this.#parts.clock.after(IDLE_MS, () => this.caughtUp(reviewerId))
  }

  /** Starts a checkpoint, because the storage may have refused steps meanwhile. */
  renew(reviewerId: Uuid | null): void {
    if (this.#parts.tail.position && reviewerId !== null) this.#checkpointSoon(reviewerId)
  }

  /** Writes a snapshot of the reviewer, which replaces the canonical state. */
  replace(
    { reviewerId }: Reviewing,
    snapshot: {
      readonly texts: readonly string[]
      /** The entities of each of these pages. */
      readonly entities: readonly (readonly PageEntity[])[]
      /** What becomes of own flushes by it. */
      readonly own: OutboxChange
    },
  ): void {
    const { texts, entities, own } = snapshot
    // Set by the applied snapshot.
    const position = this.#parts.tail.position!
    this.stop()
    const pages = texts.map((text, no) => pageOf(no, text, this.#rowsOf(entities[no] ?? [])))
    const head = {
      position,
      reviewerId,
      digest: digestOf(pages),
      isSorted: false,
      isPartial: false,
    }
    void this.#parts.disk.write({
      durability: 'relaxed',
      // Only for another lineage: within one, another tab may have stored a later state.
      reset: this.#before !== null && this.#before.eid !== position.eid,
      ...checkpointBatch(head, { name: this.#newName(), pages }),
      ...own,
    })
    this.#parts.settledOwn.take()
    this.#before = position
    this.#resetSteps()
  }

  /** Aborts the checkpoint under way; the next one writes all rows. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#stopIdling()
    this.#isDue = false
    this.#work = undefined
    this.#answer(false, () => true)
    this.#forgetPages()
  }

  #rowsOf(entities: readonly PageEntity[]): readonly RowsToKey[] {
    const { repo } = this.#parts
    const types = new Map<string, Uuid[]>()
    for (const { type, id } of entities) {
      const ids = types.get(type)
      if (ids) ids.push(id)
      else types.set(type, [id])
    }
    return [...types].map(([type, ids]) => {
      const table = repo.tableNamed(type)
      return { table, rows: heldRows(table, ids) }
    })
  }

  #touch(entries: readonly Entry[]): void {
    for (const { writes } of entries)
      for (const { entityId, type } of writes) this.#touched.set(entityId, type)
  }

  #forgetPages(): void {
    this.#base = undefined
    this.#touched.clear()
  }

  #resetSteps(): void {
    this.#steps = 0
    this.#stepBytes = NO_BYTES
  }

  #newName(): string {
    return `${this.#parts.sessionId()}:${++this.#names}`
  }

  #checkpointSoon(reviewerId: Uuid, waitMs = 0): void {
    if (this.#isDue || this.#work || this.#parts.disk.trouble) return
    this.#isDue = true
    this.#cancel = this.#parts.clock.after(waitMs, () => this.#capture(reviewerId))
  }

  /** States are immutable, so the checkpoint is consistent although it is encoded in slices. */
  #capture(reviewerId: Uuid): void {
    const { tail, limits } = this.#parts
    this.#isDue = false
    const base = this.#base
    const continued = base?.pages && this.#changedPages(base.pages)
    const stored = (continued && base.pages) ?? new StoredPages()
    const jobs = continued ?? this.#allPages()
    this.#work = {
      position: tail.position!, // a checkpoint is due after a step or a snapshot
      reviewerId,
      base: continued && base.checkpoint,
      stored,
      pages: writePages(jobs, stored, limits),
      // Settled by now, so at a position up to that of the checkpoint.
      settledBytes: this.#parts.settledOwn.take(),
    }
    this.#touched = new Map()
    this.#resetSteps()
    for (const one of this.#awaited) one.isCaptured = true
    this.#slice(this.#work)
  }

  #slice(work: Work): void {
    const { clock, limits } = this.#parts
    const until = clock.monotonic() + limits.sliceMs
    for (;;) {
      const { done, value } = work.pages.next()
      if (done) return void this.#store(work, value)
      if (clock.monotonic() < until) continue
      this.#cancel = clock.after(0, () => this.#slice(work))
      return
    }
  }

  /** The checkpoint is not stored where another tab wrote a later one, or the storage failed. */
  async #store(work: Work, pages: readonly Page[]): Promise<void> {
    const { position, reviewerId, base, stored } = work
    const { isPartial } = this.#parts
    const head = { position, reviewerId, digest: stored.digest(), isSorted: true, isPartial }
    const own = joinedChanges(this.#own.splice(0))
    const name = this.#newName()
    const isStored = await this.#parts.disk.writeCheckpoint({
      durability: 'relaxed',
      ...checkpointBatch(head, { name, base, pages }),
      ...own,
    })
    if (!isStored) this.#parts.settledOwn.add(work.settledBytes)
    const hasTrouble = this.#parts.disk.trouble !== undefined
    // Refused is one that builds on another than the stored one, and else where another tab has stored
    // a later one.
    const isAnswered = isStored || hasTrouble || base === undefined
    if (isAnswered) this.#answer(!hasTrouble, ({ isCaptured }) => isCaptured)
    if (this.#work !== work) return
    this.#work = undefined
    this.#base = isStored ? { checkpoint: name, pages: stored } : undefined
    // Steps that arrived meanwhile. A storage in trouble is written by `renew`.
    if (isPartial && this.#touched.size + this.#own.length > 0)
      this.#checkpointSoon(reviewerId, STATES_WAIT_MS)
    else if (this.#steps > 0) this.#stepped(reviewerId)
    if (this.#awaited.length > 0) this.#checkpointSoon(reviewerId)
  }

  /** About as many rows as a checkpoint would write now. */
  #rowsOnPages(): number {
    const { repo } = this.#parts
    const stored = this.#base?.pages
    if (!stored) return [...repo.tables()].reduce((sum, { size }) => sum + size, 0)
    const pages = new Set<RowPage>()
    let fresh = 0
    for (const [id, type] of this.#touched) {
      const state = repo.tableNamed(type).lasting(id)
      const page = state && stored.find(type, heldRow(id, state))
      if (page) pages.add(page)
      if (!page?.ids.includes(id)) fresh++
    }
    return [...pages].reduce((sum, { ids }) => sum + ids.length, fresh)
  }

  /** The pages with changed rows, with all their rows; undefined where a row no longer exists. */
  #changedPages(stored: StoredPages): readonly PageJob[] | undefined {
    const { repo } = this.#parts
    const byPage = new Map<RowPage | Table, { table: Table; ids: Set<Uuid> }>()
    for (const [id, type] of this.#touched) {
      const table = repo.tableNamed(type)
      const state = table.lasting(id)
      if (!state) return undefined
      const page = stored.find(type, heldRow(id, state))
      let known = byPage.get(page ?? table)
      if (!known) byPage.set(page ?? table, (known = { table, ids: new Set(page?.ids) }))
      known.ids.add(id)
    }
    const jobs: PageJob[] = []
    for (const [key, { table, ids }] of byPage) {
      const rows = heldRows(table, ids)
      if (rows.length < ids.size) return undefined
      jobs.push({ table, page: key === table ? undefined : (key as RowPage), rows })
    }
    return jobs
  }

  #allPages(): readonly PageJob[] {
    return [...this.#parts.repo.tables()].map((table) => {
      const ids = [...table.rows()].map(({ id }) => id)
      return { table, page: undefined, rows: heldRows(table, ids) }
    })
  }
}

function joinedChanges(changes: readonly OutboxChange[]): OutboxChange {
  return {
    outboxRemove: changes.flatMap((change) => change.outboxRemove ?? []),
    settled: changes.flatMap((change) => change.settled ?? []),
    meta: changes.flatMap((change) => change.meta ?? []),
  }
}

/** The canonical rows among `ids`. */
function heldRows(table: Table, ids: Iterable<Uuid>): readonly HeldRow[] {
  const rows: HeldRow[] = []
  for (const id of ids) {
    const state = table.lasting(id)
    if (state) rows.push(heldRow(id, state))
  }
  return rows
}
