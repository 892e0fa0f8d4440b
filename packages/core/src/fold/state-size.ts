/**
 * The size of the state of one entity, in UTF-8 bytes of a page of its own (`wire/pages.ts`), which
 * every new replica has to read. An upper bound; cheap if it is far below the limit.
 */
import { type Json, jsonBytes, jsonBytesAtMost } from '../base/json.ts'
import { type Bytes, bytesOf, jsonStringBytes } from '../base/size.ts'
import type { OwnSpan } from '../facts/types.ts'
import { Write } from '../history/entry.ts'
import type { RegisterTable } from '../schema/registers.ts'
import { type EntityState, type Fold, createdOf, headsOf, liveOf, writesOf } from './state.ts'

/** Bytes of a write and its message in a page, without values: ids, times, numbers. */
const WRITE_BYTES = 360
/** Bytes of a session's span, and of an excepted number in it. */
const SPAN_BYTES = 64
const NUMBER_BYTES = 17
const NO_SPANS: readonly OwnSpan[] = Object.freeze([])

type Measure = (value: Json) => number

/** Whether the state takes more than `max` bytes. */
export function isStateLargerThan(state: EntityState, table: RegisterTable, max: number): boolean {
  return stateBytesAtMost(state, table) > max && stateBytes(state, table) > max
}

/** An upper bound of `stateBytes` that does not scan strings. */
export function stateBytesAtMost(state: EntityState, table: RegisterTable): Bytes {
  return bytesOf(measured(state, table, jsonBytesAtMost))
}

/** UTF-8 bytes of the state in a page; walks over all of its values. */
export function stateBytes(state: EntityState, table: RegisterTable): Bytes {
  return bytesOf(measured(state, table, jsonBytes))
}

function measured(state: EntityState, table: RegisterTable, measure: Measure): number {
  const writes = new Set<Write>(headsOf(state)).add(createdOf(state))
  let bytes = 0
  const { names } = table
  for (let slot = 0; slot < names.length; slot++) {
    const live = liveOf(state, slot)
    if (live === undefined) continue
    const reg = names[slot]!
    const regBytes = jsonStringBytes(reg) + 1
    for (const write of writesOf(live)) {
      writes.add(write)
      bytes += regBytes + measure(write.values[reg]!)
    }
  }
  for (const write of writes) bytes += writeBytes(write)
  return state instanceof Write ? bytes : bytes + mergedBytes(state, measure)
}

/** Of a write and its message, without values. */
function writeBytes({ entry, own }: Write): number {
  let bytes = WRITE_BYTES + (entry.seen?.except.length ?? 0) * NUMBER_BYTES
  for (const { except } of own ?? NO_SPANS) {
    const numbers = except.length
    bytes += SPAN_BYTES + numbers * NUMBER_BYTES
  }
  return bytes
}

/** Of the bases and totals. */
function mergedBytes({ bases, totals }: Fold, measure: Measure): number {
  let bytes = 0
  if (bases)
    for (const base of bases.values())
      bytes += NUMBER_BYTES + (typeof base === 'string' ? 0 : measure(base.value))
  if (totals)
    for (const { value = null, waiting = [] } of totals.values())
      bytes += SPAN_BYTES + measure(value) + measure(waiting)
  return bytes
}
