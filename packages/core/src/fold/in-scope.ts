/**
 * Which states are in a scope. Reviewer and follower decide by the same live writes, so both
 * compute the same rows of a scope at a position.
 */
import type { Reg, RegisterTable } from '../schema/registers.ts'
import { type Scope, type ScopeValue, isScopeValue } from '../wire/scopes.ts'
import { isInRange } from '../wire/scope-range.ts'
import { type EntityState, createdOf, liveOf, writesOf } from './state.ts'

/** Whether some live write of each named register has the value, or is in the range, or its id is among the ids. The state is of the scope's type. */
export function isInScope(
  state: EntityState,
  { equal, range, ids }: Scope,
  table: RegisterTable,
): boolean {
  if (ids && !ids.includes(createdOf(state).entityId)) return false
  const has = (reg: Reg, is: (live: ScopeValue) => boolean): boolean => {
    for (const live of valuesOf(state, reg, table)) if (is(live)) return true
    return false
  }
  if (range && !has(range.reg, (live) => isInRange(live, range))) return false
  return equal.every(([reg, value]) => has(reg, (live) => live === value))
}

/** The plain values of the live writes of a register. */
export function* valuesOf(
  state: EntityState,
  reg: Reg,
  table: RegisterTable,
): IterableIterator<ScopeValue> {
  const slot = table.slotIfKnown(reg)
  if (slot < 0) return
  for (const write of writesOf(liveOf(state, slot))) {
    const value = write.values[reg]
    if (isScopeValue(value)) yield value
  }
}
