/**
 * The state of one entity, as data: its heads, and for each register the writes that nobody
 * who had seen them has overwritten. It is all that a replica keeps of an entity.
 *
 *   live(e, r) = { w : w writes r, and no later m that writes r has saw(m, w) and w ∉ keep_m(r) }
 *   heads(e)   = { w : no later m has saw(m, w) }
 *
 * Most entities are one create and nothing else; the state of such an entity is that write
 * itself, which costs no memory. Ask through the functions below and the difference is gone.
 */
import { Write } from '../history/entry.ts'
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
  /** No write ever stood beside another: each had seen all before it. */
  readonly linear: boolean
  /** By slot, of registers with several live writes: what stood there before they parted. */
  readonly bases: ReadonlyMap<number, Base> | undefined
  /** By slot, of registers whose writes are operations: what these have made. `live` has the newest. */
  readonly totals: ReadonlyMap<number, Total> | undefined
}

/**
 * What is kept of an entity: its only write, or a `Fold` of several. Ask it through the functions
 * below.
 */
export type EntityState = Write | Fold

/** Writes that no later write has seen: one, unless people wrote side by side. Never empty. */
export function headsOf(state: EntityState): readonly Write[] {
  return state instanceof Write ? [state] : state.heads
}

/** The live writes of the register in that slot, or undefined when it was never written. */
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

/** Whether each write had seen all before it, so that nothing was ever in conflict. */
export function isLinear(state: EntityState): boolean {
  return state instanceof Write || state.linear
}

/** What the operations of a register have made; undefined where it has values. */
export function totalOf(state: EntityState, slot: number): Total | undefined {
  return state instanceof Write ? undefined : state.totals?.get(slot)
}

/** Whether some register is written by an operation, so that the write alone is no state. */
export function hasOperations({ regs, values }: Write): boolean {
  return regs.names.some((reg) => operationIn(values[reg]) !== undefined)
}

/** Why an operation of the write cannot join what stands, as a sentence; undefined when all can. */
export function joinFaultOf(before: EntityState | undefined, write: Write): string | undefined {
  for (const [i, reg] of write.regs.names.entries()) {
    const operation = operationIn(write.values[reg])
    const slot = write.regs.slots[i]!
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

/** The same state with nothing folded away, to be changed by the fold. */
export function spread(state: EntityState): Fold {
  if (!(state instanceof Write)) return state
  const live: (LiveSet | undefined)[] = []
  for (const slot of state.regs.slots) live[slot] = state
  return { ...emptyBefore(state), heads: [state], live }
}

/** Under the first write of an entity. */
export function emptyBefore(first: Write): Fold {
  const nothing = { bases: undefined, totals: undefined }
  return { heads: [], live: [], created: first, last: first, linear: true, ...nothing }
}

/** The live writes of a register as a list, empty where nobody wrote it. */
export function writesOf(live: LiveSet | undefined): readonly Write[] {
  if (live === undefined) return []
  return live instanceof Write ? [live] : live
}

/** The first root, the heads and every live write, each once. */
export function standingWrites(state: EntityState): ReadonlySet<Write> {
  if (state instanceof Write) return new Set([state])
  return new Set([state.created, ...state.live.flatMap(writesOf), ...state.heads])
}
