/**
 * The row that a reader sees: plain frozen data, with what it says of itself as getters that
 * neither spread nor JSON copies. A row is a snapshot: values never change under a reader;
 * a new state makes a new row.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { compareOrder, orderKeyOf } from '../log/order.ts'
import { Write } from '../log/entry.ts'
import { ARCHIVED } from '../schema/registers.ts'
import type { AnyRow, FieldConflict, RowState } from '../schema/types.ts'
import { candidateValue, conflictsOf, fieldName, NO_CONFLICTS, openConflicts } from './conflicts.ts'
import type { RowContext } from './context.ts'
import { archivedState, mergeRegister } from './merge.ts'
import { defaultValue, readValue } from './read.ts'
import { shownWrite } from './shown.ts'
import { createdOf, type EntityState, headsOf, isLinear, lastOf, liveOf } from './state.ts'

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

  static contextOf(row: RowView): RowContext {
    return row.#context
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
    return this.#context.entity.currentVersion
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
    if (isLinear(this.#state)) return NO_CONFLICTS
    return conflictsOf(this.#state, this.#context, this as unknown as AnyRow)
  }

  get $archived(): boolean {
    const { entity, table } = this.#context
    return archivedState(this.#state, entity, table).archived
  }
}

/** The class of the rows of one type. */
export type RowClass = (new (id: Uuid, state: EntityState) => RowView) & {
  readonly context: RowContext
  /** Fields hold the JSON of their registers, under the same names. */
  readonly plain: boolean
}

export function rowClass(context: RowContext): RowClass {
  const { entity } = context
  const fields = [...entity.fields.values()]
  const codecs = [entity.each?.['~codec'], ...fields.map(({ codec }) => codec)]
  const isPlain = codecs.every((codec) => !codec) && fields.every(({ name, reg }) => name === reg)
  return class extends RowView {
    static readonly context = context
    static readonly plain = isPlain
  }
}

/** Builds the row of a state. */
export function buildRow(id: Uuid, state: EntityState, rows: RowClass): AnyRow {
  const row = new rows(id, state)
  const into = row as unknown as Record<string, unknown>
  const { context } = rows
  let fields = 0
  if (context.entity.each) {
    for (const reg of [...context.table.names].sort())
      fields += setField(into, state, { name: reg, reg }, context)
  } else {
    for (const field of context.entity.fields.values())
      fields += setField(into, state, field, context)
  }
  // A row made by one write holds that write's values already; keeping them twice would
  // cost a third of its memory.
  if (
    state instanceof Write &&
    rows.plain &&
    state.version === context.entity.currentVersion &&
    fields === state.regs.names.length
  ) {
    state.values = into as Readonly<Record<string, Json>>
  }
  return Object.freeze(row) as unknown as AnyRow
}

function setField(
  into: Record<string, unknown>,
  state: EntityState,
  { name, reg }: { readonly name: string; readonly reg: string },
  context: RowContext,
): 0 | 1 {
  if (reg === ARCHIVED) return 0
  const slot = context.table.slotIfKnown(reg)
  const live = slot < 0 ? undefined : liveOf(state, slot)
  const value =
    live === undefined
      ? defaultValue(reg, context)
      : live instanceof Write
        ? readValue(live, reg, context)
        : mergedValue(live, { reg, slot }, context)
  if (value === undefined) return 0
  into[name] = value
  return 1
}

/** The state a row was built from. */
export function stateOfRow(row: AnyRow): EntityState {
  return RowView.stateOf(row as unknown as RowView)
}

/** Whether somebody has to decide something about the row. Makes no ids, unlike `$conflicts`. */
export function isInConflict(row: AnyRow): boolean {
  const state = stateOfRow(row)
  if (isLinear(state)) return false
  return openConflicts(state, RowView.contextOf(row as unknown as RowView), row).size > 0
}

/** Rows with the values of other candidates, at the most. */
const STAND_INS_MAX = 64

/**
 * The row under the other values its conflicts could come to, so that a query that any of them
 * matches finds it: an object for each combination, with the row as its prototype.
 */
export function standInsOf(row: AnyRow): readonly AnyRow[] | undefined {
  const state = stateOfRow(row)
  if (isLinear(state)) return undefined
  const context = RowView.contextOf(row as unknown as RowView)
  let combinations: Record<string, unknown>[] = [{}]
  for (const [reg, { candidates }] of openConflicts(state, context, row)) {
    if (reg === ARCHIVED) continue
    const values = candidates.map((write) => candidateValue(write, reg, context))
    combinations = values
      .flatMap((value) =>
        combinations.map((fields) => ({ ...fields, [fieldName(reg, context)]: value })),
      )
      .slice(0, STAND_INS_MAX)
  }
  const others = combinations.filter((fields) =>
    Object.entries(fields).some(([field, value]) => row[field] !== value),
  )
  return others.map((fields) => standIn(row, fields))
}

function standIn(row: AnyRow, fields: Record<string, unknown>): AnyRow {
  const made = Object.create(row) as AnyRow
  for (const [field, value] of Object.entries(fields))
    Object.defineProperty(made, field, { value, enumerable: true })
  return Object.freeze(made)
}

/** Canonical order of two rows, by their last change or by their creation, without making keys. */
export function compareRows(a: AnyRow, b: AnyRow, which: 'last' | 'created'): number {
  const of = which === 'last' ? lastOf : createdOf
  return compareOrder(of(stateOfRow(a)), of(stateOfRow(b)))
}

function mergedValue(
  live: readonly Write[],
  at: { readonly reg: string; readonly slot: number },
  context: RowContext,
): unknown {
  const merged = mergeRegister(live, at, context)
  if (merged.kind === 'value') return merged.value
  const write = merged.kind === 'write' ? merged.write : shownWrite(live, context.viewerId())
  return readValue(write, at.reg, context)
}
