/**
 * The canonical state on disk: the tail as it arrives, and from time to time a checkpoint that
 * takes its place, so that opening a store does not cost its whole history. A checkpoint writes the
 * pages whose rows have changed, and leaves the others. All of it is a cache of what the reviewer has.
 */
import { NO_BYTES, addBytes, utf8Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import type { Entry } from '../../history/entry.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Page, StoredState } from '../../ports/storage.ts'
import type { Repo } from '../../rows/repo.ts'
import type { Table } from '../../rows/table.ts'
import type { Reviewing, TailReader } from '../../sync/tail.ts'
import { checkpointBatch, pageOf } from './checkpoint.ts'
import { type Disk, advanceOf, segment } from './disk.ts'
import { type HeldRow, type PageJob, heldRow, writePages } from './page-work.ts'
import { rankOf } from './rank.ts'
import { type RestoredCanonical, type RestoredPages, stepText } from './restore.ts'
import { type RowPage, StoredPages, digestOf } from './stored-pages.ts'

export interface CanonicalDiskParts {
  readonly disk: Disk
  readonly repo: Repo
  readonly tail: TailReader
  readonly clock: Clock
  readonly limits: Limits
  /** Known by the time there is something to store. */
  readonly sessionId: () => Uuid
}

/** A checkpoint that is being made or written. */
interface Work {
  readonly position: Position
  readonly reviewerId: Uuid
  /** The stored checkpoint whose pages it builds on. */
  readonly base: string | undefined
  readonly stored: StoredPages
  readonly pages: Generator<void, readonly Page[], void>
}

export class CanonicalDisk {
  readonly #parts: CanonicalDiskParts
  /** Where the tail stood before the step that is written next; other tabs may be elsewhere. */
  #before: Position | null = null
  #steps = 0
  #stepBytes = NO_BYTES
  /** The checkpoint that this replica stored or read last; undefined: the next one has all rows. */
  #base: RestoredPages | undefined
  /** Rows that changed since then, with their types. */
  #touched = new Map<Uuid, string>()
  #names = 0
  #work: Work | undefined
  #isDue = false
  #cancel: (() => void) | undefined

  constructor(parts: CanonicalDiskParts) {
    this.#parts = parts
  }

  /** Goes on where a restored state stands. */
  resume(state: StoredState, { stored, entries }: RestoredCanonical): void {
    this.#before = this.#parts.tail.position
    this.#base = stored
    this.#touch(entries)
    const tail = state.segments.filter(({ kind }) => kind === 'tail')
    this.#steps = tail.length
    const sizes = tail.map(({ text }) => utf8Bytes(text))
    this.#stepBytes = sizes.reduce(addBytes, NO_BYTES)
  }

  /** What is stored does not check: forget it, here and on disk, and have it from the reviewer. */
  async startAnew(): Promise<void> {
    const { repo, tail, disk } = this.#parts
    for (const table of repo.tables()) {
      for (const row of [...table.rows()]) table.replaceCanonical(row.id, undefined)
    }
    repo.messages.forgetAccepted()
    tail.reset()
    this.#before = null
    this.#forgetPages()
    await disk.write({ durability: 'relaxed', reset: true })
  }

  /** One step of the tail was applied. */
  step(
    by: Reviewing,
    step: {
      readonly texts: readonly string[]
      readonly entries: readonly Entry[]
      readonly outboxRemove: readonly string[]
    },
  ): void {
    const { disk, tail, limits } = this.#parts
    // A step was applied, so there is a position.
    const position = tail.position!
    const text = stepText(by, step.texts)
    const key = `tail:${position.eid}:${position.seq}`
    void disk.write({
      durability: 'relaxed',
      segments: [segment(key, 'tail', { ids: [], text, rank: rankOf(position) })],
      outboxRemove: step.outboxRemove,
      advance: advanceOf(position, this.#before ? rankOf(this.#before) : 0),
    })
    this.#before = position
    this.#touch(step.entries)
    this.#steps++
    this.#stepBytes = addBytes(this.#stepBytes, utf8Bytes(text))
    const { checkpointStepsMax, checkpointStepBytesMax } = limits
    if (this.#steps > checkpointStepsMax || this.#stepBytes > checkpointStepBytesMax)
      this.#checkpointSoon(by.reviewerId)
  }

  /** Steps may have been refused: a checkpoint brings the storage to where this replica is. */
  renew(reviewerId: Uuid | null): void {
    if (this.#parts.tail.position && reviewerId !== null) this.#checkpointSoon(reviewerId)
  }

  /** A snapshot of the reviewer took the place of everything canonical. */
  replace(
    { reviewerId }: Reviewing,
    { texts, outboxRemove }: { texts: readonly string[]; outboxRemove: readonly string[] },
  ): void {
    // A snapshot was applied, so there is a position.
    const position = this.#parts.tail.position!
    this.stop()
    const pages = texts.map((text, no) => pageOf(no, text))
    const head = { position, reviewerId, digest: digestOf(pages), isSorted: false }
    void this.#parts.disk.write({
      durability: 'relaxed',
      // Within one lineage another tab may be ahead, and what it stored must stay.
      reset: this.#before !== null && this.#before.eid !== position.eid,
      ...checkpointBatch(head, { name: this.#newName(), pages }),
      outboxRemove,
    })
    this.#before = position
    this.#resetSteps()
  }

  /** Gives up a checkpoint that is being made; the next one has all rows. */
  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#isDue = false
    this.#work = undefined
    this.#forgetPages()
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

  #checkpointSoon(reviewerId: Uuid): void {
    if (this.#isDue || this.#work || this.#parts.disk.trouble) return
    this.#isDue = true
    this.#cancel = this.#parts.clock.after(0, () => this.#capture(reviewerId))
  }

  /** States are immutable, so these are those of one moment, however long writing them takes. */
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
    }
    this.#touched = new Map()
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

  /** Where it is not stored, another tab was first, or the storage refused it. */
  async #store(work: Work, pages: readonly Page[]): Promise<void> {
    const { position, reviewerId, base, stored } = work
    const head = { position, reviewerId, digest: stored.digest(), isSorted: true }
    const name = this.#newName()
    this.#resetSteps()
    const isStored = await this.#parts.disk.writeCheckpoint({
      durability: 'relaxed',
      ...checkpointBatch(head, { name, base, pages }),
    })
    if (this.#work !== work) return
    this.#work = undefined
    this.#base = isStored ? { checkpoint: name, pages: stored } : undefined
  }

  /** Pages of rows that were touched, with all their rows; undefined where a row is gone. */
  #changedPages(stored: StoredPages): readonly PageJob[] | undefined {
    const { repo } = this.#parts
    const byPage = new Map<RowPage | Table, { table: Table; ids: Set<Uuid> }>()
    for (const [id, type] of this.#touched) {
      const table = repo.tableNamed(type)
      const state = table.canonical(id)
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

/** Rows of which nothing is canonical yet are left out. */
function heldRows(table: Table, ids: Iterable<Uuid>): readonly HeldRow[] {
  const rows: HeldRow[] = []
  for (const id of ids) {
    const state = table.canonical(id)
    if (state) rows.push(heldRow(id, state))
  }
  return rows
}
