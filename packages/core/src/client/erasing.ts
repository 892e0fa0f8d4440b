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
import { type ErasedBefore, eraseIn } from '../history/erased.ts'
import { Write } from '../history/entry.ts'
import type { Outbox } from '../sync/outbox.ts'
import type { Repo } from '../rows/repo.ts'
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

/** The store around it. */
interface ErasingIn {
  readonly repo: Repo
  readonly outbox: Outbox
  readonly undo: UndoStack
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
    const { repo, outbox, undo } = this.#in
    const { changeOver, own, refusals } = this.#parts
    const { entityId } = erased
    undo.forget(entityId)
    changeOver.journal.forget(entityId)
    outbox.kept.forget(entityId)
    refusals.erase(erased)
    // Pending messages, in view or not.
    for (const entries of [outbox.open(), repo.messages.entries(), own.intake.entries()])
      eraseIn(entries, erased)
    repo.tableOf(entityId)?.refold(entityId)
    this.#note(erased)
    this.sweep()
  }

  /** All rows are here: a store that was killed amid an erasure goes on with it. */
  opened(): void {
    for (const table of this.#in.repo.tables())
      for (const { id } of table.rows()) {
        const state = table.canonical(id)
        if (!state || state instanceof Write || !state.redacted) continue
        const regs = [...state.redacted.keys()].map((slot) => table.registers.names[slot]!) // a slot is an index
        this.#note({ entityId: id, regs, seq: Math.max(...state.redacted.values()) })
      }
    this.sweep()
  }

  #note(erased: ErasedBefore): void {
    const known = this.#left.get(erased.entityId)
    const regs = new Set([...(known?.regs ?? []), ...erased.regs])
    const seq = Math.max(known?.seq ?? 0, erased.seq)
    this.#left.set(erased.entityId, { entityId: erased.entityId, regs: [...regs], seq })
  }

  /** Erases values in the storage, as far as they are left. Also called when flushes have their verdicts. */
  sweep(): void {
    if (this.#left.size === 0) return
    this.#isDue = true
    if (this.#isSweeping) return
    this.#isSweeping = true
    void this.#sweep()
      .catch(this.#parts.options.onError)
      .finally(() => (this.#isSweeping = false))
  }

  async #sweep(): Promise<void> {
    const { disk, canonicalDisk, options, refusals } = this.#parts
    const reading = { space: options.space, bounds: factBounds(options.limits) }
    await this.#in.ready
    while (this.#isDue) {
      this.#isDue = false
      const erased = [...this.#left.values()]
      if (!(await canonicalDisk.stored(this.#in.status.getState().reviewerId))) return // when the storage works again
      const { erasedRecords } = await ERASED_RECORDS.load()
      const read = await disk.read()
      if (!read) return
      const refused = new Set([...refusals.messages.held()].map(({ id }) => id))
      const { rewrites, isLeft } = erasedRecords(read.state.segments, {
        ...{ reading, erased, waiting: new Set(read.state.outbox) },
        isRefused: (id) => refused.has(id),
      })
      const isDone =
        rewrites.length === 0 || (await disk.write({ durability: 'strict', rewrite: rewrites }))
      if (!isDone || isLeft) return // until the next verdict
      for (const one of erased)
        if (this.#left.get(one.entityId) === one) this.#left.delete(one.entityId)
    }
  }
}
