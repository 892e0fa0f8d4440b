/**
 * What a store does when values of a row were erased, besides its states: everything else that still
 * has them forgets them, in memory at once, and in the storage when a checkpoint without them is stored.
 *
 *   erased ─▶ memory ─▶ checkpoint stored ─▶ records rewritten ─▶ again, when what waits has its verdicts
 *                                                  └── killed: at the next opening
 */
import type { StoreApi } from 'zustand/vanilla'
import type { Uuid } from '../base/uuid.ts'
import { factBounds } from '../facts/bounds.ts'
import { shortId } from '../facts/ids.ts'
import { type ErasedBefore, type IsErased, eraseIn, withoutBases } from '../history/erased.ts'
import type { StoredState } from '../ports/storage.ts'
import type { TailReader } from '../sync/tail.ts'
import { type Entry, Write } from '../history/entry.ts'
import type { Outbox } from '../sync/outbox.ts'
import type { Repo } from '../rows/repo.ts'
import type { Table } from '../rows/table.ts'
import type { ChangeOver } from './change-over.ts'
import type { CanonicalDisk } from './disk/canonical-disk.ts'
import type { Disk } from './disk/disk.ts'
import type * as records from './disk/erased-records.ts'
import type { ReplicaOptions } from './options.ts'
import type { OwnMessages } from './outbox/own-messages.ts'
import type { Refusals } from './outbox/refusals.ts'
import { Part } from './part.ts'
import type { SyncStatus } from './store.ts'
import type { UndoStack } from './verbs/undo.ts'

/** Loaded when values are erased. */
export const ERASED_RECORDS: Part<typeof records> = /* @__PURE__ */ new Part(
  () => import('./disk/erased-records.ts'),
)

/** The `meta` key of a flag: values of rows that are not here may be erased. */
const ELSEWHERE = 'erasedElsewhere'

/** The store around it. */
interface ErasingIn {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly undo: UndoStack
  readonly tail: TailReader
  readonly status: StoreApi<SyncStatus>
  readonly ready: Promise<void>
}

export interface ErasingParts {
  readonly changeOver: Pick<ChangeOver, 'journal'>
  readonly own: Pick<OwnMessages, 'intake'>
  readonly refusals: Refusals
  readonly disk: Disk
  readonly canonicalDisk: CanonicalDisk
  readonly options: Pick<ReplicaOptions, 'space' | 'limits' | 'onError'>
}

export class Erasing {
  readonly #in: ErasingIn
  readonly #parts: ErasingParts
  /** By entity: whose values may still be in the storage. */
  readonly #left = new Map<Uuid, ErasedBefore>()
  /** Values of rows that are not here may be left. */
  #isElsewhere = false
  #isSweeping = false
  /** Whether something was erased since the sweep under way began. */
  #isDue = false

  constructor(around: ErasingIn, parts: ErasingParts) {
    this.#in = around
    this.#parts = parts
    around.status.subscribe((now, before) => {
      if (now.connection === 'online' && before.connection !== 'online') this.sweep()
    })
  }

  /** Values of a row were erased. The caller emits. */
  erased(erased: ErasedBefore): void {
    const { repo, outbox } = this.#in
    const { changeOver, own } = this.#parts
    const { entityId, regs } = erased
    changeOver.journal.forget(entityId)
    // Pending messages, in view or not.
    for (const entries of [outbox.open(), repo.messages.entries(), own.intake.entries()])
      eraseIn(entries, erased)
    repo.tableOf(entityId)?.refold(entityId)
    this.#forget(
      (id) => id === entityId,
      (id, reg) => id === entityId && regs.includes(reg),
    )
    this.#note(erased)
    this.sweep()
  }

  /**
   * Values of rows that are not here may have been erased, and nobody tells of which: what is known of
   * them goes. Noted in the storage, as the next opening cannot know it. The caller emits.
   */
  elsewhere(): void {
    this.#isElsewhere = true
    this.#forgetAway()
    void this.#parts.disk.write({ durability: 'relaxed', meta: [[ELSEWHERE, true]] })
    this.sweep()
  }

  #forgetAway(): void {
    const isAway = (id: Uuid): boolean => !this.#in.tail.keeps(id)
    this.#forget(isAway, isAway)
  }

  #forget(isRow: (id: Uuid) => boolean, isErased: IsErased): void {
    this.#in.undo.forget(isRow)
    this.#in.outbox.kept.forget(isRow)
    this.#parts.refusals.erase(isErased)
  }

  /** A stored message of another session: its author may not have known of an erasure. */
  taken({ writes }: Entry): void {
    for (const write of writes) {
      const erased = this.#erasedOf(this.#in.repo.tableNamed(write.type), write.entityId)
      if (!erased) continue
      write.bases = withoutBases(write.bases, erased.regs)
      this.#note(erased)
    }
    this.sweep()
  }

  /**
   * A message of another tab was shown as pending, and was accepted before: what was written on it may
   * have noted values that were erased meanwhile.
   */
  outdated({ writes }: Entry): void {
    for (const { type, entityId } of writes) {
      const erased = this.#erasedOf(this.#in.repo.tableNamed(type), entityId)
      if (!erased) continue
      this.#in.undo.forget((id) => id === entityId)
      eraseIn(this.#in.outbox.open(), erased)
      this.#note(erased)
    }
    this.sweep()
  }

  /** All rows are here: a store that was killed amid an erasure goes on with it. */
  opened({ meta }: Pick<StoredState, 'meta'>): void {
    for (const table of this.#in.repo.tables())
      for (const { id } of table.rows()) {
        const erased = this.#erasedOf(table, id)
        if (erased) this.#note(erased)
      }
    if (meta.has(ELSEWHERE)) this.#isElsewhere = true
    this.sweep()
  }

  /** What of a row was erased before. */
  #erasedOf(table: Table, entityId: Uuid): ErasedBefore | undefined {
    const state = table.canonical(entityId)
    if (!state || state instanceof Write || !state.redacted) return undefined
    const regs = [...state.redacted.keys()].map((slot) => table.registers.names[slot]!) // a slot is an index
    return { entityId, regs, seq: Math.max(...state.redacted.values()) }
  }

  #note(erased: ErasedBefore): void {
    const known = this.#left.get(erased.entityId)
    const regs = new Set([...(known?.regs ?? []), ...erased.regs])
    const seq = Math.max(known?.seq ?? 0, erased.seq)
    this.#left.set(erased.entityId, { entityId: erased.entityId, regs: [...regs], seq })
  }

  /** Erases values in the storage, as far as they are left. Also called when flushes have left the stored outbox. */
  sweep(): void {
    if (this.#left.size === 0 && !this.#isElsewhere) return
    this.#isDue = true
    if (this.#isSweeping) return
    this.#isSweeping = true
    this.#sweep().catch(this.#parts.options.onError)
  }

  async #sweep(): Promise<void> {
    try {
      await this.#in.ready
      while (this.#isDue) if (!(await this.#sweepOnce())) return
    } finally {
      this.#isSweeping = false
    }
  }

  /** Resolves to false where the storage does not work: then a later call goes on. */
  async #sweepOnce(): Promise<boolean> {
    const { disk, canonicalDisk, options, refusals } = this.#parts
    const { status, tail } = this.#in
    this.#isDue = false
    if (this.#isElsewhere) this.#forgetAway() // also of what left since
    const [erased, isElsewhere] = [new Map(this.#left), this.#isElsewhere]
    if (!(await canonicalDisk.stored(status.getState().reviewerId))) return false
    const { erasedRecords } = await ERASED_RECORDS.load()
    const read = await disk.read()
    if (!read) return false
    const names = [...erased.keys()].map(shortId)
    const refused = new Set([...refusals.messages.held()].map(({ id }) => id))
    const { rewrites, isLeft } = erasedRecords(read.state.segments, {
      reading: { space: options.space, bounds: factBounds(options.limits) },
      waiting: new Set(read.state.outbox),
      isErased: (id, reg) =>
        erased.get(id)?.regs.includes(reg) === true || (isElsewhere && !tail.keeps(id)),
      isSuspect: (text) => isElsewhere || names.some((name) => text.includes(name)),
      isRefused: (id) => refused.has(id),
    })
    const isDone =
      rewrites.length === 0 || (await disk.write({ durability: 'strict', rewrite: rewrites }))
    if (!isDone) return false
    if (isLeft) return true // until the next verdict
    for (const [id, one] of erased) if (this.#left.get(id) === one) this.#left.delete(id)
    if (!this.#isDue) this.#isElsewhere = false
    return true
  }
}
