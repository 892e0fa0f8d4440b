/**
 * What stood in a register before its live writes parted: what the author of the second one saw
 * there. It is shown beside the candidates of a conflict and given to merge functions, so it must
 * be the same for everybody: the review names it, it stays in the state while two writes stand, and
 * newcomers get it with the page. An author knows it when it writes, and keeps it beside the pending
 * message, so it shows the same before the verdict as after it.
 */
import { jsonBytes } from '../base/json.ts'
import { isUnset } from '../schema/input.ts'
import { operationIn } from '../schema/operations.ts'
import { Write } from '../history/entry.ts'
import type { Base, Bases } from '../facts/message.ts'
import { ARCHIVED, type Reg, type RegisterTable } from '../schema/registers.ts'
import { type EntityState, type LiveSet, liveOf } from './state.ts'

/** A base with a longer value is `unknown`, in UTF-8 bytes of its JSON. */
export const BASE_BYTES_MAX = 1_024

/** States under pending writes, as their author saw them. */
const under = new WeakMap<Write, { readonly state: EntityState; readonly table: RegisterTable }>()

/** Notes what a write of this session is written on, so that its bases can be said when they are needed. */
export function noteUnder(
  write: Write,
  place: { readonly state: EntityState; readonly table: RegisterTable },
): void {
  under.set(write, place)
}

/** What the author of a write saw in a register: as stated, or as noted when it was written. */
export function baseSeenBy(write: Write, reg: Reg): Base {
  const stated = write.bases?.[reg]
  if (stated !== undefined) return stated
  if (write.kind === 'create') return 'nothing'
  const place = write.entry.review === null ? under.get(write) : undefined
  return place ? baseIn(liveOf(place.state, place.table.slot(reg)), reg) : 'unknown'
}

/** Of all registers that a pending write overwrites, to be stored beside it. */
export function basesUnder(write: Write): Bases | undefined {
  if (write.bases) return write.bases
  const place = under.get(write)
  if (!place) return undefined
  const bases: Record<Reg, Base> = {}
  for (const reg of write.regs.names)
    if (reg !== ARCHIVED && !operationIn(write.values[reg])) bases[reg] = baseSeenBy(write, reg)
  return bases
}

/** What a reader of a state saw in one of its registers. */
export function baseIn(live: LiveSet | undefined, reg: Reg): Base {
  if (live === undefined) return 'nothing'
  if (!(live instanceof Write)) return 'unknown' // several stood
  const value = live.values[reg]!
  if (isUnset(value)) return 'nothing'
  return jsonBytes(value) > BASE_BYTES_MAX ? 'unknown' : { version: live.version, value }
}

/** By slot, in a state with several live writes of the register. */
export function baseOf(state: EntityState, slot: number): Base {
  return (state instanceof Write ? undefined : state.bases?.get(slot)) ?? 'unknown'
}
