/**
 * Erases values of one entity from its state: those that were written to some registers before a
 * record of the reviewer. The writes stay, each with a marker in the place of the value, so heads, live
 * writes and what is concurrent do not change, and whatever is written later is folded as before.
 *
 * The writes of the state are changed in place: rows, stacks and lists that still reference them lose
 * the values, too.
 */
import { Write, reviewIn } from '../history/entry.ts'
import { type ErasedBefore, redactWrite } from '../history/erased.ts'
import type { Total } from '../schema/operations.ts'
import { ARCHIVED, type Reg, type RegisterTable } from '../schema/registers.ts'
import {
  type EntityState,
  type Fold,
  createdOf,
  headsOf,
  isLinear,
  lastOf,
  liveBySlot,
  liveOf,
  standingWrites,
} from './state.ts'

/** The registers of an entity that were ever written, `$archived` excepted. */
export function writtenRegisters(state: EntityState, { names }: RegisterTable): readonly Reg[] {
  return names.filter((reg, slot) => reg !== ARCHIVED && liveOf(state, slot) !== undefined)
}

/** The state without the values of these registers. All of its writes are canonical. */
export function redact(
  state: EntityState,
  { regs, seq }: Pick<ErasedBefore, 'regs' | 'seq'>,
  table: RegisterTable,
): EntityState {
  for (const write of standingWrites(state))
    if (reviewIn(write.entry).seq < seq) redactWrite(write, regs)
  const { bases, totals, redacted } =
    state instanceof Write ? { bases: undefined, totals: undefined, redacted: undefined } : state
  const slots = regs
    .map((reg) => table.slotIfKnown(reg))
    .filter((slot) => slot >= 0 && liveOf(state, slot) !== undefined)
  const after: Fold = {
    heads: headsOf(state),
    live: liveBySlot(state),
    created: createdOf(state),
    last: lastOf(state),
    linear: isLinear(state),
    bases:
      bases &&
      new Map([...bases].map(([slot, base]) => [slot, slots.includes(slot) ? 'unknown' : base])),
    totals:
      totals &&
      new Map(
        [...totals].map(([slot, total]) => [slot, slots.includes(slot) ? emptied(total) : total]),
      ),
    redacted: new Map([...(redacted ?? []), ...slots.map((slot) => [slot, seq] as const)]),
  }
  return after
}

/** The total before the first operation; the operations after the erasure are added to it. */
function emptied({ kind }: Total): Total {
  if (kind === 'ops') return { kind }
  return { kind, value: kind === 'counter' ? 0 : [] }
}
