/**
 * The conflicts of a row as values: for each field, the base and the current candidates. A
 * conflict survives unrelated edits and never blocks anything; it ends when it is resolved.
 */
import type { Write } from '../history/entry.ts'
import type { Base } from '../facts/message.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import type { AnyRow, Candidate, FieldConflict } from '../schema/types.ts'
import { baseOf } from './base.ts'
import type { RowContext } from './context.ts'
import { archivedState, contestedRegisters, mergeRegister } from './merge.ts'
import { type Reader, readBase, readValue } from './read.ts'
import { isConflict } from './shown.ts'
import { type EntityState, isLinear, liveOf } from './state.ts'
import { orderKeyWith, reviewerOf, reviewOf, verdictOf } from './verdict.ts'

export const NO_CONFLICTS: Readonly<Record<string, FieldConflict>> = Object.freeze({})

/** One open conflict: writes of different values, and their base. */
export interface OpenConflict {
  readonly candidates: readonly Write[]
  readonly base: Base
}

/** The open conflicts by register. `row` is the merged row, for the rule of its type. */
export function openConflicts(
  state: EntityState,
  context: RowContext,
  row: AnyRow,
): ReadonlyMap<Reg, OpenConflict> {
  const { entity, table } = context
  const found = new Map<Reg, OpenConflict>()
  if (isLinear(state)) return found
  for (const [slot, reg] of table.names.entries()) {
    const live = liveOf(state, slot)
    if (reg === ARCHIVED || !entity.fieldAt(reg) || !isConflict(live, reg, context)) continue
    const merged = mergeRegister(state, { reg, slot }, context)
    if (merged.kind === 'conflict')
      found.set(reg, { candidates: merged.candidates, base: baseOf(state, slot) })
  }
  const contested = contestedRegisters(state, context, () => isContested(row, context))
  for (const [reg, both] of contested)
    if (entity.fieldAt(reg) && !found.has(reg)) found.set(reg, both)
  const archived = archivedState(state, entity, table).conflict
  if (archived)
    found.set(ARCHIVED, { candidates: [archived.archive, archived.edit], base: 'unknown' })
  return found
}

/** The conflicts in the form of the app, by field. */
export function conflictsOf(
  open: ReadonlyMap<Reg, OpenConflict>,
  context: RowContext,
): Readonly<Record<string, FieldConflict>> {
  if (open.size === 0) return NO_CONFLICTS
  const shown: Record<string, FieldConflict> = {}
  for (const [reg, conflict] of open) {
    const candidates = conflict.candidates.map((write) => candidate(write, reg, context))
    shown[fieldName(reg, context)] = Object.freeze({
      base: baseValue(reg, conflict, context),
      candidates: Object.freeze(candidates),
    })
  }
  return Object.freeze(shown)
}

/** The value of one candidate for the field. For archiving: whether it archives the row. */
export function candidateValue(write: Write, reg: Reg, context: RowContext): unknown {
  return reg === ARCHIVED ? write.values[ARCHIVED] === true : readValue(write, reg, context)
}

/** The name of a register's field in the reader's version. */
export function fieldName(reg: Reg, { entity }: Reader): string {
  return entity.fieldAt(reg)?.name ?? reg
}

/** The base in the reader's version; undefined if it is unknown. */
function baseValue(reg: Reg, { base }: OpenConflict, context: RowContext): unknown {
  return reg === ARCHIVED ? false : readBase(base, reg, context)
}

function isContested(row: AnyRow, { entity }: RowContext): boolean {
  return entity.policies.scope === 'row' || brokenRule(entity.options.rule, row) !== undefined
}

/** The fault that the rule of a type finds in a row. A rule that throws counts as a fault. */
export function brokenRule(
  rule: ((row: AnyRow) => string | undefined) | undefined,
  row: AnyRow | undefined,
): string | undefined {
  try {
    return row && rule?.(row)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function candidate(write: Write, reg: Reg, context: RowContext): Candidate {
  const { entry } = write
  const verdict = verdictOf(write, context)
  return {
    value: candidateValue(write, reg, context),
    // Computed on first use: within a transaction the message has no id yet.
    get msgId() {
      return entry.id
    },
    authorId: entry.session.authorId,
    mine: context.isMine(entry.session.authorId),
    reviewerId: reviewerOf(verdict),
    orderKey: orderKeyWith(write, verdict),
    pending: reviewOf(verdict) === null,
  }
}
