/**
 * The row that a reader sees: plain frozen data, with what it says of itself as getters that
 * neither spread nor JSON copies. A row is a snapshot: values never change under a reader;
 * a new state makes a new row.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { compareOrder, orderKeyOf } from '../log/order.ts'
import { Write } from '../log/entry.ts'
import { type Entity, decodeField } from '../schema/entity.ts'
import { isUnset } from '../schema/input.ts'
import { ARCHIVED, type RegisterTable } from '../schema/registers.ts'
import type { AnyRow, Candidate, FieldConflict, RowState } from '../schema/types.ts'
import { candidatesOf, isConflict, shownWrite } from './shown.ts'
import { createdOf, type EntityState, headsOf, lastOf, liveOf } from './state.ts'

/** What reading the rows of one type needs to know. */
export interface RowContext {
  readonly entity: Entity
  readonly table: RegisterTable
  /** The author who looks; undefined sees what everyone else sees. */
  readonly viewerId: () => Uuid | undefined
  /** Whether pending writes live in memory only. */
  readonly volatile: (write: Write) => boolean
}

const NO_CONFLICTS: Readonly<Record<string, FieldConflict>> = Object.freeze({})

class RowView {
  readonly id: Uuid
  readonly #state: EntityState

  constructor(id: Uuid, state: EntityState) {
    this.id = id
    this.#state = state
  }

  static stateOf(row: RowView): EntityState {
    return row.#state
  }

  /** What is the same for all rows of a type stands on its class, not in each row. */
  get #context(): RowContext {
    return (this.constructor as RowClass).context
  }

  get $author(): Uuid {
    return lastOf(this.#state).entry.session.authorId
  }

  get $reviewer(): Uuid | null {
    return lastOf(this.#state).entry.review?.reviewerId ?? null
  }

  get $orderKey(): string {
    return orderKeyOf(lastOf(this.#state))
  }

  get $createdBy(): Uuid {
    return createdOf(this.#state).entry.session.authorId
  }

  get $createdOrderKey(): string {
    return orderKeyOf(createdOf(this.#state))
  }

  get $timestamp(): number {
    return lastOf(this.#state).entry.timestamp
  }

  get $version(): number {
    return this.#context.entity.version
  }

  get $state(): RowState {
    const last = lastOf(this.#state)
    if (last.entry.review) return 'canonical'
    return this.#context.volatile(last) ? 'volatile' : 'pending'
  }

  get $heads(): readonly Uuid[] {
    return headsOf(this.#state)
      .map((write) => write.entry.id)
      .sort()
  }

  get $conflicts(): Readonly<Record<string, FieldConflict>> {
    if (this.#state instanceof Write) return NO_CONFLICTS
    return conflictsOf(this.#state, this.#context)
  }

  get $archived(): boolean {
    return isArchived(this.#state, this.#context)
  }
}

/** The class of the rows of one type. */
export type RowClass = (new (id: Uuid, state: EntityState) => RowView) & {
  readonly context: RowContext
  readonly codecs: boolean
}

export function rowClass(context: RowContext): RowClass {
  const { entity } = context
  const codecs = [entity.each, ...[...entity.fields.values()].map((field) => field.schema)]
  return class extends RowView {
    static readonly context = context
    static readonly codecs = codecs.some((schema) => schema?.['~codec'] !== undefined)
  }
}

/** Builds the row of a state. */
export function buildRow(id: Uuid, state: EntityState, rows: RowClass): AnyRow {
  const row = new rows(id, state)
  const into = row as unknown as Record<string, unknown>
  const { context } = rows
  let fields = 0
  if (context.entity.each) {
    for (const reg of [...context.table.names].sort()) fields += setField(into, state, reg, context)
  } else {
    for (const field of context.entity.fields.values())
      fields += setField(into, state, field.reg, context)
  }
  // A row made by one write holds that write's values already; keeping them twice would
  // cost a third of its memory.
  if (state instanceof Write && !rows.codecs && fields === state.regs.names.length) {
    state.values = into as Readonly<Record<string, Json>>
  }
  return Object.freeze(row) as unknown as AnyRow
}

function setField(
  into: Record<string, unknown>,
  state: EntityState,
  reg: string,
  context: RowContext,
): 0 | 1 {
  if (reg === ARCHIVED) return 0
  const slot = context.table.slotIfKnown(reg)
  const live = slot < 0 ? undefined : liveOf(state, slot)
  if (live === undefined) return 0
  const value = shownWrite(live, context.viewerId()).values[reg]!
  if (typeof value === 'object' && isUnset(value)) return 0
  into[reg] = decodeField(context.entity.fieldOf(reg), value)
  return 1
}

/** The state a row was built from. */
export function stateOfRow(row: AnyRow): EntityState {
  return RowView.stateOf(row as unknown as RowView)
}

/** Canonical order of two rows, by their last change or by their creation, without making keys. */
export function compareRows(a: AnyRow, b: AnyRow, which: 'last' | 'created'): number {
  const of = which === 'last' ? lastOf : createdOf
  return compareOrder(of(stateOfRow(a)), of(stateOfRow(b)))
}

function isArchived(state: EntityState, context: RowContext): boolean {
  const slot = context.table.slotIfKnown(ARCHIVED)
  const live = slot < 0 ? undefined : liveOf(state, slot)
  return live !== undefined && shownWrite(live, context.viewerId()).values[ARCHIVED] === true
}

function conflictsOf(
  state: EntityState,
  context: RowContext,
): Readonly<Record<string, FieldConflict>> {
  let found: Record<string, FieldConflict> | undefined
  for (const [slot, reg] of context.table.names.entries()) {
    const live = liveOf(state, slot)
    if (!isConflict(live, reg)) continue
    found ??= {}
    found[reg] = {
      candidates: candidatesOf(live!, reg).map((write) => candidate(write, reg, context)),
    }
  }
  return found ? Object.freeze(found) : NO_CONFLICTS
}

function candidate(write: Write, reg: string, context: RowContext): Candidate {
  const value = write.values[reg]!
  return {
    value: isUnset(value) ? undefined : decodeField(context.entity.fieldOf(reg), value),
    msgId: write.entry.id,
    authorId: write.entry.session.authorId,
    reviewerId: write.entry.review?.reviewerId ?? null,
    orderKey: orderKeyOf(write),
    pending: write.entry.review === null,
  }
}
