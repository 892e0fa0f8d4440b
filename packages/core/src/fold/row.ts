/**
 * The row that a reader sees: plain frozen data, with metadata as getters that neither spread nor
 * JSON copies. A row is a snapshot that includes its verdict: it never changes. A new state or a
 * review makes a new row.
 */
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { compareReviews, compareWithin, orderKeyAt } from '../history/order.ts'
import { Write } from '../history/entry.ts'
import type { Review } from '../facts/message.ts'
import type { Field } from '../schema/field.ts'
import { isRedacted } from '../schema/redacted.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import type { AnyRow, FieldConflict, RowState } from '../schema/types.ts'
import {
  candidateValue,
  conflictsOf,
  fieldName,
  NO_CONFLICTS,
  type OpenConflict,
  openConflicts,
} from './conflicts.ts'
import type { RowContext } from './context.ts'
import { archivedState, mergeRegister } from './merge.ts'
import { defaultValue, readValue } from './read.ts'
import { shownWrite } from './shown.ts'
import {
  createdOf,
  type EntityState,
  headsOf,
  isLinear,
  lastOf,
  liveOf,
  totalOf,
  writesOf,
} from './state.ts'
import {
  orderKeyWith,
  reviewerOf,
  reviewOf,
  stateOf,
  verdictOf,
  type WriteVerdict,
} from './verdict.ts'

class RowView {
  readonly id: Uuid
  readonly #state: EntityState
  /**
   * The verdict of the newest write; entries get reviews later, a row keeps the one it was built
   * with.
   */
  readonly #verdict: WriteVerdict
  readonly #created: Review | null
  /** Open conflicts; undefined for a linear row. */
  #open: ReadonlyMap<Reg, OpenConflict> | undefined
  #conflicts: Readonly<Record<string, FieldConflict>> = NO_CONFLICTS
  readonly #mine: boolean
  /** Kept, because every read asks for it. */
  readonly #archived: boolean
  readonly #redacted: readonly string[]

  constructor(id: Uuid, state: EntityState) {
    this.id = id
    this.#state = state
    this.#verdict = verdictOf(lastOf(state), this.#context)
    const { review, session } = createdOf(state).entry
    this.#created = review
    const { entity, table, isMine } = this.#context
    this.#mine = isMine(session.authorId)
    this.#archived = archivedState(state, entity, table).archived
    this.#redacted = redactedFields(state, this.#context)
  }

  /** Computes the conflicts of a row after its fields are set, once. */
  static readConflicts(row: RowView): void {
    const shown = row as unknown as AnyRow
    row.#open = openConflicts(row.#state, row.#context, shown)
    row.#conflicts = conflictsOf(row.#open, row.#context)
  }

  static openOf(row: RowView): ReadonlyMap<Reg, OpenConflict> | undefined {
    return row.#open
  }

  static verdictOf(row: RowView): WriteVerdict {
    return row.#verdict
  }

  static compare(a: RowView, b: RowView, which: 'last' | 'created'): number {
    const isLast = which === 'last'
    const left = isLast ? reviewOf(a.#verdict) : a.#created
    const order = compareReviews(left, isLast ? reviewOf(b.#verdict) : b.#created)
    if (order !== 0) return order
    const of = isLast ? lastOf : createdOf
    return compareWithin(of(a.#state), of(b.#state), left)
  }

  static stateOf(row: RowView): EntityState {
    return row.#state
  }

  static contextOf(row: RowView): RowContext {
    return row.#context
  }

  /** Shared by all rows of a type, so it is a member of the class. */
  get #context(): RowContext {
    return (this.constructor as RowClass).context
  }

  get $author(): Uuid {
    return lastOf(this.#state).entry.session.authorId
  }

  get $reviewer(): Uuid | null {
    return reviewerOf(this.#verdict)
  }

  get $orderKey(): string {
    return orderKeyWith(lastOf(this.#state), this.#verdict)
  }

  get $createdBy(): Uuid {
    return createdOf(this.#state).entry.session.authorId
  }

  get $mine(): boolean {
    return this.#mine
  }

  get $createdOrderKey(): string {
    return orderKeyAt(createdOf(this.#state), this.#created)
  }

  get $timestamp(): number {
    return lastOf(this.#state).entry.timestamp
  }

  get $version(): number {
    return this.#context.entity.currentVersion
  }

  get $state(): RowState {
    return stateOf(this.#verdict)
  }

  get $heads(): readonly Uuid[] {
    return headsOf(this.#state)
      .map((write) => write.entry.id)
      .sort()
  }

  get $conflicts(): Readonly<Record<string, FieldConflict>> {
    return this.#conflicts
  }

  get $archived(): boolean {
    return this.#archived
  }

  get $redacted(): readonly string[] {
    return this.#redacted
  }
}

const NONE: readonly string[] = Object.freeze([])

/** The fields whose values were erased, and that nobody has written since. */
function redactedFields(state: EntityState, { table, entity }: RowContext): readonly string[] {
  if (state instanceof Write || !state.redacted) return NONE
  const isErased = (reg: Reg, slot: number): boolean =>
    writesOf(liveOf(state, slot)).every((write) => isRedacted(write.values[reg]))
  const fields = [...state.redacted.keys()].flatMap((slot) => {
    const reg = table.names[slot]! // a slot is an index of the names
    return isErased(reg, slot) ? (entity.fieldAt(reg)?.name ?? (entity.each ? reg : [])) : []
  })
  return Object.freeze(fields.sort())
}

/** The class of the rows of one type. */
export type RowClass = (new (id: Uuid, state: EntityState) => RowView) & {
  readonly context: RowContext
  readonly fields: readonly Field[]
  /** Whether fields hold the JSON of their registers, under the same names. */
  readonly plain: boolean
}

/** The class of the rows of one type. */
export function rowClass(context: RowContext): RowClass {
  const { entity } = context
  const fields = [...entity.fields.values()]
  const codecs = [entity.each?.['~codec'], ...fields.map(({ codec }) => codec)]
  const isPlain = codecs.every((codec) => !codec) && fields.every(({ name, reg }) => name === reg)
  return class extends RowView {
    static readonly context = context
    static readonly fields = fields
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
    for (const field of rows.fields) fields += setField(into, state, field, context)
  }
  // A row made by one write holds the same values as the write; a second copy would cost a third
  // of its memory.
  if (
    state instanceof Write &&
    rows.plain &&
    state.version === context.entity.currentVersion &&
    fields === state.regs.names.length &&
    isSameAs(into, state)
  ) {
    state.values = into as Readonly<Record<string, Json>>
  }
  Object.freeze(row)
  if (!isLinear(state)) RowView.readConflicts(row)
  return row as unknown as AnyRow
}

/**
 * Whether the row contains all values of the write. The same number of fields does not suffice: a
 * row has defaults that were not written, and `$archived` is only a getter that reads the write.
 */
function isSameAs(row: Record<string, unknown>, { regs, values }: Write): boolean {
  for (const reg of regs.names) if (reg === ARCHIVED || row[reg] !== values[reg]) return false
  return true
}

function setField(
  into: Record<string, unknown>,
  state: EntityState,
  { name, reg, merging }: Pick<Field, 'name' | 'reg' | 'merging'>,
  context: RowContext,
): 0 | 1 {
  if (reg === ARCHIVED) return 0
  const slot = context.table.slotIfKnown(reg)
  const total = slot < 0 ? undefined : totalOf(state, slot)
  if (merging || (total && context.entity.each)) {
    const isOwn = total && (!merging || merging.kind === total.kind)
    const value = (isOwn ? total.value : undefined) ?? merging?.initial
    if (value === undefined) return 0
    into[name] = value
    return 1
  }
  const live = slot < 0 ? undefined : liveOf(state, slot)
  const value =
    live === undefined
      ? defaultValue(reg, context)
      : live instanceof Write
        ? readValue(live, reg, context)
        : mergedValue(state, { reg, slot }, context)
  if (value === undefined) return 0
  into[name] = value
  return 1
}

/** The state a row was built from. */
export function stateOfRow(row: AnyRow): EntityState {
  return RowView.stateOf(row as unknown as RowView)
}

/** Whether the row has an open conflict. */
export function isInConflict(row: AnyRow): boolean {
  return (RowView.openOf(row as unknown as RowView)?.size ?? 0) > 0
}

/** Whether a row shows an outdated verdict of its newest write: it was stored, or is no longer. */
export function isOutdated(row: AnyRow): boolean {
  const view = row as unknown as RowView
  return RowView.verdictOf(view) !== verdictOf(lastOf(stateOfRow(row)), RowView.contextOf(view))
}

/** Whether a row shows an outdated answer to whether its authors are the person of this store. */
export function isOfOthers(row: AnyRow): boolean {
  const view = row as unknown as RowView
  const { isMine } = RowView.contextOf(view)
  return isInConflict(row) || row.$mine !== isMine(row.$createdBy)
}

/** Maximum rows with the values of other candidates. */
const STAND_INS_MAX = 64

/**
 * Rows with the other values that its conflicts could resolve to, so that a query that matches one
 * of them finds the row: an object for each combination, with the row as its prototype.
 */
export function standInsOf(row: AnyRow): readonly AnyRow[] | undefined {
  const open = RowView.openOf(row as unknown as RowView)
  if (!open || open.size === 0) return undefined
  const context = RowView.contextOf(row as unknown as RowView)
  let combinations: Record<string, unknown>[] = [{}]
  for (const [reg, { candidates }] of open) {
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

/**
 * Canonical order of two rows, by their last change or by their creation, without building keys.
 */
export function compareRows(a: AnyRow, b: AnyRow, which: 'last' | 'created'): number {
  return RowView.compare(a as unknown as RowView, b as unknown as RowView, which)
}

function mergedValue(
  state: EntityState,
  at: { readonly reg: string; readonly slot: number },
  context: RowContext,
): unknown {
  const merged = mergeRegister(state, at, context)
  if (merged.kind === 'value') return merged.value
  if (merged.kind === 'write') return readValue(merged.write, at.reg, context)
  // Called for a register with a write.
  const write = shownWrite(liveOf(state, at.slot)!, at.reg, context.viewerId())
  return readValue(write, at.reg, context)
}
