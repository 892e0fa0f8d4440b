/**
 * The base of a conflict: the value of a register before its live writes diverged, as the author of
 * the second one had seen it. It is shown with the candidates of a conflict and passed to merge
 * functions, so all replicas must agree on it: the review contains it, the state keeps it while
 * there are two live writes, and a page of a snapshot includes it. An author computes it when it
 * writes, and stores it with the pending message, so it is the same before and after the verdict.
 */
import { jsonBytes } from '../base/json.ts'
import { isRedacted } from '../schema/redacted.ts'
import { isUnset } from '../schema/unset.ts'
import { operationIn } from '../schema/operations.ts'
import { Write } from '../history/entry.ts'
import type { Base } from '../facts/message.ts'
import { ARCHIVED, type Reg } from '../schema/registers.ts'
import { type EntityState, type LiveSet, liveOf } from './state.ts'

/** Maximum UTF-8 bytes of a base's JSON; a longer one is `unknown`. */
export const BASE_BYTES_MAX = 1_024

/** Records the values that the author of a pending write sees in the registers that it overwrites. */
export function noteBases(write: Write, state: EntityState): void {
  const { names, slots } = write.regs
  const bases: Record<Reg, Base> = {}
  for (let i = 0; i < names.length; i++) {
    const reg = names[i]!
    if (reg === ARCHIVED || operationIn(write.values[reg])) continue
    bases[reg] = baseIn(liveOf(state, slots[i]!), reg) // aligned with `names`
  }
  write.bases = bases
}

/** The value that the author of a write had seen in a register, as stated or recorded. */
export function baseSeenBy({ bases, kind }: Write, reg: Reg): Base {
  return bases?.[reg] ?? (kind === 'create' ? 'nothing' : 'unknown')
}

/** The base that a reader of this state has in one of its registers. */
export function baseIn(live: LiveSet | undefined, reg: Reg): Base {
  if (live === undefined) return 'nothing'
  if (!(live instanceof Write)) return 'unknown' // several live writes
  const value = live.values[reg]!
  if (isUnset(value)) return 'nothing'
  if (isRedacted(value)) return 'unknown'
  return jsonBytes(value) > BASE_BYTES_MAX ? 'unknown' : { version: live.version, value }
}

/** The base of a slot, in a state with several live writes of the register. */
export function baseOf(state: EntityState, slot: number): Base {
  return (state instanceof Write ? undefined : state.bases?.get(slot)) ?? 'unknown'
}
