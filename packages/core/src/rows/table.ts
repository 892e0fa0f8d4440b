/**
 * The rows of one type, as they are shown: canonical state plus the pending writes of this
 * device. An entity with pending writes also keeps its canonical state, so that a rejection
 * can remove them again.
 *
 *   view = fold(canonical ∪ pending)        an ack moves a write between the two: same union
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { apply } from '../fold/apply.ts'
import type { RowContext } from '../fold/context.ts'
import type { Reader } from '../fold/read.ts'
import {
  type RowClass,
  buildRow,
  isOfOthers,
  isOutdated,
  rowClass,
  stateOfRow,
} from '../fold/row.ts'
import { type EntityState, createdOf, isLinear } from '../fold/state.ts'
import type { Write } from '../history/entry.ts'
import type { Lenses } from '../schema/lens/path.ts'
import type { Entity } from '../schema/entity.ts'
import { appFolds } from '../schema/app-folds.ts'
import { RegisterTable } from '../schema/registers.ts'
import type { AnyRow } from '../schema/types.ts'
import { Conflicted } from './conflicted.ts'
import type { RowSink } from './sink.ts'

interface Overlay {
  /** The state without pending writes; undefined if it has no canonical write. */
  canonical: EntityState | undefined
  /** In the order of arrival. */
  pending: Write[]
  /** Whether the canonical state is removed with the last pending write. */
  isLeaving?: boolean
}

/** The reader of the rows of a table. */
export interface Viewer {
  readonly authorId: () => Uuid | undefined
  readonly isMine: (authorId: Uuid) => boolean
  readonly volatile: (write: Write) => boolean
  /** Called with errors of the fold of an app's operations, once for each write. */
  readonly onFoldError?: (error: unknown) => void
  /** Called with the emission after the values of a type are read in another way. */
  readonly onReread?: () => void
}

export class Table {
  readonly entity: Entity
  readonly registers: RegisterTable
  readonly #context: { -readonly [K in keyof RowContext]: RowContext[K] }
  readonly #rowClass: RowClass
  readonly #rows = new Map<Uuid, AnyRow>()
  readonly #overlays = new Map<Uuid, Overlay>()
  readonly #listeners = new Map<Uuid, Set<() => void>>()
  readonly #touched = new Set<Uuid>()
  readonly #unwatch: (() => void)[] = []
  readonly #onReread: (() => void) | undefined
  #isReread = false
  readonly conflicted: Conflicted = new Conflicted()
  /** Indexes and live queries of these rows; set once, before the first row. */
  sink: RowSink | undefined
  /**
   * Why writes to this type are rejected, as a sentence: its shape differs from that of the space.
   */
  refusal: string | undefined

  constructor(entity: Entity, viewer: Viewer) {
    this.entity = entity
    this.#onReread = viewer.onReread
    this.registers = new RegisterTable(
      [...entity.fields.values()].map((field) => field.reg),
      appFolds(entity.versions, (error) => viewer.onFoldError?.(error)),
    )
    this.#context = {
      entity,
      lenses: entity.lenses,
      table: this.registers,
      viewerId: viewer.authorId,
      isMine: viewer.isMine,
      volatile: viewer.volatile,
    }
    this.#rowClass = rowClass(this.#context)
  }

  /** Reads values of the type in this build's version. */
  get reader(): Reader {
    return this.#context
  }

  /** Steps of newer versions are known now: rebuilds all rows with them. */
  readThrough(lenses: Lenses): void {
    this.#context.lenses = lenses
    this.#isReread = true
    for (const id of [...this.#rows.keys()]) this.#show(id, this.state(id))
  }

  /** Rebuilds all rows when keys of encrypted fields are added or removed, and calls `onChange`. */
  watchKeys(onChange: () => void): void {
    const { each, versions } = this.entity
    const codecs = [
      each?.['~codec'],
      ...versions.flatMap((fields) => [...fields.values()].map(({ codec }) => codec)),
    ]
    const ciphers = new Set(codecs.flatMap((codec) => codec?.hidden?.cipher ?? []))
    for (const cipher of ciphers)
      this.#unwatch.push(
        cipher.subscribe(() => {
          this.readThrough(this.#context.lenses)
          onChange()
        }),
      )
  }

  get size(): number {
    return this.#rows.size
  }

  rows(): IterableIterator<AnyRow> {
    return this.#rows.values()
  }

  /** The row of that id, archived or not. */
  row(id: Uuid): AnyRow | undefined {
    return this.#rows.get(id)
  }

  state(id: Uuid): EntityState | undefined {
    const row = this.#rows.get(id)
    return row && stateOfRow(row)
  }

  /** The row of a state: the one that is shown where it shows this state. */
  rowOf(id: Uuid, state: EntityState): AnyRow {
    const shown = this.#rows.get(id)
    return shown && stateOfRow(shown) === state ? shown : buildRow(id, state, this.#rowClass)
  }

  /** The state without pending writes. */
  canonical(id: Uuid): EntityState | undefined {
    const overlay = this.#overlays.get(id)
    return overlay ? overlay.canonical : this.state(id)
  }

  /** The canonical state as it is stored: none of a row that leaves with its last pending write. */
  lasting(id: Uuid): EntityState | undefined {
    return this.#overlays.get(id)?.isLeaving ? undefined : this.canonical(id)
  }

  /** Pending writes of an entity, in the order of their arrival. */
  pending(id: Uuid): readonly Write[] {
    return this.#overlays.get(id)?.pending ?? []
  }

  hasPending(id: Uuid): boolean {
    return this.#overlays.has(id)
  }

  /** Shows `state` in the place of `shown`, without recording a write: inside a transaction. */
  preview(id: Uuid, state: EntityState, shown: AnyRow | undefined): void {
    this.#show(id, state, shown)
  }

  /** Restores the row that was shown before a preview. */
  putBack(id: Uuid, row: AnyRow | undefined): void {
    const shown = this.#rows.get(id)
    if (shown === row) return
    if (row) this.#rows.set(id, row)
    else this.#rows.delete(id)
    this.conflicted.note(id, row)
    this.sink?.changed(shown, row)
  }

  /** Adds a pending write whose effect is shown already; `before` is the state under it. */
  addPreviewed(write: Write, before: EntityState | undefined): void {
    const overlay = this.#overlays.get(write.entityId)
    if (overlay) overlay.pending.push(write)
    else this.#overlays.set(write.entityId, { canonical: before, pending: [write] })
  }

  addPending(write: Write): void {
    const before = this.state(write.entityId)
    this.addPreviewed(write, before)
    // A peer has given it a place before others.
    if (write.entry.provisional) this.reorder(write.entityId)
    else this.#show(write.entityId, applyPending(before, write))
  }

  /** Applies another author's write: pending ones are ordered after it, whatever they had seen. */
  addCanonical(write: Write): void {
    const id = write.entityId
    const overlay = this.#overlays.get(id)
    if (!overlay) {
      this.#show(id, apply(this.state(id), write))
      return
    }
    overlay.canonical = apply(overlay.canonical, write)
    this.refold(id)
  }

  /**
   * Accepts a pending write. It is usually the oldest one: then the sequence of writes does not
   * change, so the state stays, and the row too, unless it shows the verdict of that write.
   */
  accept(write: Write): void {
    const id = write.entityId
    const overlay = this.#overlays.get(id)
    assert(overlay, 'an accepted write was not pending')
    const isOldest = overlay.pending[0] === write
    overlay.canonical = apply(overlay.canonical, write)
    const left = overlay.pending.filter((other) => other !== write)
    assert(left.length === overlay.pending.length - 1, 'an accepted write was pending once')
    overlay.pending = left
    const state = this.state(id)
    if (!state || !isOldest || left.length === 0 || write.entry.review?.assigned) this.refold(id)
    else if (showsVerdictOf(write, state)) this.#show(id, state)
  }

  /** Accepts a pending write that the canonical state contains already. */
  acceptContained(write: Write): void {
    this.removePending(write)
    if (this.#overlays.has(write.entityId)) this.refold(write.entityId)
    else this.#show(write.entityId, this.state(write.entityId))
  }

  /** Rebuilds the pending rows whose `volatile` or `pending` is outdated. */
  restate(): void {
    for (const id of this.#overlays.keys()) {
      const row = this.#rows.get(id)
      if (row && isOutdated(row)) this.#show(id, stateOfRow(row))
    }
  }

  /** Rebuilds the rows whose `mine` is outdated. */
  reown(): void {
    for (const [id, row] of [...this.#rows]) if (isOfOthers(row)) this.#show(id, stateOfRow(row))
  }

  /** Removes a pending write; its pending descendants must be removed in the same step. */
  removePending(write: Write): void {
    const overlay = this.#overlays.get(write.entityId)
    if (!overlay) return
    overlay.pending = overlay.pending.filter((other) => other !== write)
  }

  /** Folds a row again from its canonical state, after the arrivals of pending writes have changed. */
  reorder(id: Uuid): void {
    this.#overlays.get(id)?.pending.sort((a, b) => a.entry.arrival - b.entry.arrival)
    this.refold(id)
  }

  /** Folds a row again from its canonical state, after pending writes were removed. */
  refold(id: Uuid): void {
    const overlay = this.#overlays.get(id)
    if (!overlay) return
    if (overlay.pending.length === 0) this.#overlays.delete(id)
    if (overlay.pending.length === 0 && overlay.isLeaving) overlay.canonical = undefined
    this.#show(id, overlay.pending.reduce(applyPending, overlay.canonical))
  }

  /** Replaces the canonical state of an entity by that of the reviewer. */
  replaceCanonical(id: Uuid, state: EntityState | undefined): void {
    const overlay = this.#overlays.get(id)
    if (!overlay) {
      this.#show(id, state)
      return
    }
    overlay.canonical = state
    overlay.isLeaving = false
    this.refold(id)
  }

  /**
   * Removes the canonical state, which is outdated or withheld; with pending writes on it, after
   * the last of them.
   */
  release(id: Uuid): void {
    const overlay = this.#overlays.get(id)
    if (overlay) overlay.isLeaving = true
    else this.#show(id, undefined)
  }

  /** Reverts `release`: the canonical state stays. */
  keep(id: Uuid): void {
    const overlay = this.#overlays.get(id)
    if (overlay) overlay.isLeaving = false
  }

  /** Notifies each listener of a changed row once, then the queries. */
  emit(onError: (error: unknown) => void): void {
    if (this.#touched.size > 0) {
      const touched = [...this.#touched]
      this.#touched.clear()
      for (const id of touched) {
        for (const listener of this.#listeners.get(id) ?? []) {
          try {
            listener()
          } catch (error) {
            onError(error)
          }
        }
      }
    }
    this.sink?.emit(onError)
    this.conflicted.emit(onError)
    if (!this.#isReread) return
    this.#isReread = false
    this.#onReread?.()
  }

  subscribe(id: Uuid, listener: () => void): () => void {
    let listeners = this.#listeners.get(id)
    if (!listeners) this.#listeners.set(id, (listeners = new Set()))
    // Each call is a subscription of its own, even with the same function.
    const own = (): void => listener()
    listeners.add(own)
    return () => {
      listeners.delete(own)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    }
  }

  unsubscribeAll(): void {
    for (const unwatch of this.#unwatch) unwatch()
    this.#listeners.clear()
    this.conflicted.unsubscribeAll()
  }

  #show(id: Uuid, state: EntityState | undefined, before = this.#rows.get(id)): void {
    // A message that was never shown is contained in a row that is yet to come.
    if (!before && !state) return
    let after: AnyRow | undefined
    if (state) {
      after = buildRow(id, state, this.#rowClass)
      this.#rows.set(id, after)
    } else {
      this.#rows.delete(id)
    }
    this.conflicted.note(id, after)
    this.sink?.changed(before, after)
    if (this.#listeners.size > 0) this.#touched.add(id)
  }
}

/** A change of a row that is not here waits for it: its values alone would be a part of a row (FOLD7). */
function applyPending(state: EntityState | undefined, write: Write): EntityState | undefined {
  return state || write.kind === 'create' ? apply(state, write) : undefined
}

/** Whether the row of a state shows the verdict of a write that is not its newest one. */
function showsVerdictOf(write: Write, state: EntityState): boolean {
  return !isLinear(state) || createdOf(state) === write
}
