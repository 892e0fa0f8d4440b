/**
 * The state of one entity, as data: its heads, and for each register its live writes: those that no
 * write whose author had seen them has overwritten. A replica stores nothing else of an entity.
 *
 *   live(e, r) = { w : w writes r, and no later m that writes r has saw(m, w) and w ∉ keep_m(r) }
 *   heads(e)   = { w : no later m has saw(m, w) }
 *
 * Most entities have one create and no other write; the state of such an entity is that write
 * itself, which costs no memory. The functions below hide the difference.
 */
import { Write, reviewIn } from '../history/entry.ts'
import type { Base } from '../facts/message.ts'
import { type Total, joinFault, operationIn } from '../schema/operations.ts'

/** The live writes of one register: mostly one. */
export type LiveSet = Write | readonly Write[]

export interface Fold {
  readonly heads: readonly Write[]
  /** By the register's slot in its type's table. */
  readonly live: readonly (LiveSet | undefined)[]
  /** The first root in canonical order. */
  readonly created: Write
  /** The newest write in canonical order; a pending one is newer than all reviewed ones. */
  readonly last: Write
  /** No two writes were ever concurrent: each author had seen all earlier ones. */
  readonly linear: boolean
  /** By slot, of registers with several live writes: the value before they diverged. */
  readonly bases: ReadonlyMap<number, Base> | undefined
  /**
   * By slot, of registers whose writes are operations: their result. `live` has the newest write.
   */
  readonly totals: ReadonlyMap<number, Total> | undefined
  /**
   * By slot, of registers whose values were erased: the seq of the newest record that did so. What was
   * written since is there.
   */
  readonly redacted: ReadonlyMap<number, number> | undefined
}

/**
 * The state of an entity: its only write, or a `Fold` of several. Read it through the functions
 * below.
 */
export type EntityState = Write | Fold

/**
 * Writes that no later write's author had seen: one, unless writes were concurrent. Never empty.
 */
export function headsOf(state: EntityState): readonly Write[] {
  return state instanceof Write ? [state] : state.heads
}

/** The live writes of the register in that slot, or undefined if it was never written. */
export function liveOf(state: EntityState, slot: number): LiveSet | undefined {
  if (state instanceof Write) return state.regs.slots.includes(slot) ? state : undefined
  return state.live[slot]
}

/** The create that comes first in canonical order. */
export function createdOf(state: EntityState): Write {
  return state instanceof Write ? state : state.created
}

/** The newest write in canonical order; pending ones are newer than all reviewed ones. */
export function lastOf(state: EntityState): Write {
  return state instanceof Write ? state : state.last
}

/**
 * The seq as of which a canonical state is: that of its newest write, or of a later erasure of its
 * values.
 */
export function seqOf(state: EntityState): number {
  return Math.max(reviewIn(lastOf(state).entry).seq, erasedSeqOf(state))
}

/** The seq of the last erasure of values of the entity; 0: none. */
export function erasedSeqOf(state: EntityState): number {
  return state instanceof Write || !state.redacted ? 0 : Math.max(...state.redacted.values())
}

/** Whether no two writes were concurrent, so that there was never a conflict. */
export function isLinear(state: EntityState): boolean {
  return state instanceof Write || state.linear
}

/** The result of the operations of a register; undefined if it has values. */
export function totalOf(state: EntityState, slot: number): Total | undefined {
  return state instanceof Write ? undefined : state.totals?.get(slot)
}

/** Whether a register is written by an operation, so that the write alone cannot be the state. */
export function hasOperations({ regs, values }: Write): boolean {
  return regs.names.some((reg) => operationIn(values[reg]) !== undefined)
}

/**
 * Why an operation of the write cannot be added to the state, as a sentence; undefined if all can.
 */
export function joinFaultOf(before: EntityState | undefined, write: Write): string | undefined {
  const { names, slots } = write.regs
  for (let i = 0; i < names.length; i++) {
    const reg = names[i]!
    const operation = operationIn(write.values[reg])
    const slot = slots[i]! // aligned with `names`
    const total = before && totalOf(before, slot)
    if (operation) {
      const isValue = before && !total && liveOf(before, slot) !== undefined
      const fault = isValue
        ? 'it holds a value, and this is an operation'
        : joinFault(total, operation)
      if (fault !== undefined) return `${reg}: ${fault}`
    } else if (total) return `${reg}: its writes are operations, and this is a value`
  }
  return undefined
}

/** The live writes by slot, in a list of its own, for the next step. */
export function liveBySlot(state: EntityState | undefined): (LiveSet | undefined)[] {
  if (!state) return []
  if (!(state instanceof Write)) return state.live.slice()
  const { slots } = state.regs
  const length = Math.max(...slots) + 1
  // Of the right length: a list that grows by itself is three times as large.
  return Array.from({ length }, (_, slot) => (slots.includes(slot) ? state : undefined))
}

/** The live writes of a register as a list, empty if it was never written. */
export function writesOf(live: LiveSet | undefined): readonly Write[] {
  if (live === undefined) return []
  return live instanceof Write ? [live] : live
}

/** The first root, the heads and every live write, without duplicates. */
export function standingWrites(state: EntityState): ReadonlySet<Write> {
  if (state instanceof Write) return new Set([state])
  return new Set([state.created, ...state.live.flatMap(writesOf), ...state.heads])
}
