/**
 * Which states are in a scope. Reviewer and follower decide it by the same live writes, so both know
 * which rows a scope has at a position.
 */
import type { Reg, RegisterTable } from '../schema/registers.ts'
import { type Scope, type ScopeValue, isScopeValue } from '../wire/scopes.ts'
import { type EntityState, liveOf, writesOf } from './state.ts'

/** Whether some live write of each named register has the value. The state is of the scope's type. */
export function isInScope(state: EntityState, { equal }: Scope, table: RegisterTable): boolean {
  return equal.every(([reg, value]) => {
    for (const live of valuesOf(state, reg, table)) if (live === value) return true
    return false
  })
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
