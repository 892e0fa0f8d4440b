/**
 * The base of a conflict: the value of a register before its live writes diverged, as the author of
 * the second one had seen it. It is shown with the candidates of a conflict and passed to merge
 * functions, so all replicas must agree on it: the review contains it, the state keeps it while
 * there are two live writes, and a page of a snapshot includes it. An author computes it when it
 * writes, and stores it with the pending message, so it is the same before and after the verdict.
 */
import { jsonBytes } from '../base/json.ts'
import { isUnset } from '../schema/input.ts'
import { operationIn } from '../schema/operations.ts'
import { Write } from '../history/entry.ts'
import type { Base, Bases } from '../facts/message.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import { type EntityState, type LiveSet, liveOf } from './state.ts'

/** Maximum UTF-8 bytes of a base's JSON; a longer one is `unknown`. */
export const BASE_BYTES_MAX = 1_024

/** Records the state under a write of this session, to compute its bases when needed. */
export function noteUnder(write: Write, state: EntityState): void {
  write.under = state
}

/** The state under a write of this session without a verdict, as its author saw it. */
function stateUnder(write: Write): EntityState | undefined {
  return write.under as EntityState | undefined // written by `noteUnder` alone
}

/**
 * The value that the author of a write had seen in a register: as stated, or as recorded by
 * `noteUnder`.
 */
export function baseSeenBy(write: Write, reg: Reg): Base {
  const stated = write.bases?.[reg]
  if (stated !== undefined) return stated
  if (write.kind === 'create') return 'nothing'
  const state = stateUnder(write)
  if (!state) return 'unknown'
  return baseIn(liveOf(state, write.regs.slots[write.regs.names.indexOf(reg)]!), reg)
}

/** The bases of all registers that a pending write overwrites, to be stored with it. */
export function basesUnder(write: Write): Bases | undefined {
  if (write.bases) return write.bases
  if (!stateUnder(write)) return undefined
  const bases: Record<Reg, Base> = {}
  for (const reg of write.regs.names)
    if (reg !== ARCHIVED && !operationIn(write.values[reg])) bases[reg] = baseSeenBy(write, reg)
  return bases
}

/** The base that a reader of this state has in one of its registers. */
export function baseIn(live: LiveSet | undefined, reg: Reg): Base {
  if (live === undefined) return 'nothing'
  if (!(live instanceof Write)) return 'unknown' // several live writes
  const value = live.values[reg]!
  if (isUnset(value)) return 'nothing'
  return jsonBytes(value) > BASE_BYTES_MAX ? 'unknown' : { version: live.version, value }
}

/** The base of a slot, in a state with several live writes of the register. */
export function baseOf(state: EntityState, slot: number): Base {
  return (state instanceof Write ? undefined : state.bases?.get(slot)) ?? 'unknown'
}
