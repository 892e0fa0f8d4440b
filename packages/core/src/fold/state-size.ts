/**
 * The size of the state of one entity, in UTF-8 bytes of a page of its own (`protocol/pages.ts`):
 * what every newcomer has to take in. A bound from above; cheap where it is far below the limit.
 */
import { type Json, jsonBytes, jsonBytesAtMost } from '../base/json.ts'
import { type Bytes, bytesOf, jsonStringBytes } from '../base/size.ts'
import type { Write } from '../log/entry.ts'
import type { RegisterTable } from '../schema/registers.ts'
import { type EntityState, createdOf, headsOf, isLinear, liveOf, writesOf } from './state.ts'

/** What a page says of a write and its message beside values: ids, times, numbers. */
const WRITE_BYTES = 320

type Measure = (value: Json) => number

/** Whether the state takes more than `max` bytes. */
export function isStateLargerThan(state: EntityState, table: RegisterTable, max: number): boolean {
  return stateBytesAtMost(state, table) > max && stateBytes(state, table) > max
}

/** A bound of `stateBytes` that looks at no character. */
export function stateBytesAtMost(state: EntityState, table: RegisterTable): Bytes {
  return bytesOf(measured(state, table, jsonBytesAtMost))
}

export function stateBytes(state: EntityState, table: RegisterTable): Bytes {
  return bytesOf(measured(state, table, jsonBytes))
}

function measured(state: EntityState, table: RegisterTable, measure: Measure): number {
  const writes = new Set<Write>([createdOf(state), ...headsOf(state)])
  let bytes = 0
  for (const [slot, reg] of table.names.entries()) {
    for (const write of writesOf(liveOf(state, slot))) {
      writes.add(write)
      bytes += jsonStringBytes(reg) + 1 + measure(write.values[reg]!)
    }
  }
  const count = writes.size
  // Of writes that stood beside each other, a page says which had seen which.
  const parents = isLinear(state) ? 0 : (count * (count - 1) * 5) / 2
  return bytes + count * WRITE_BYTES + parents
}
