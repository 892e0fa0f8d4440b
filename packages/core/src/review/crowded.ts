/**
 * The bound on the live writes of a register (ADM24): a message that adds one more to a full register
 * is refused. If it waited instead, its own author could not resolve the conflict before it.
 */
import { type EntityState, liveOf, writesOf } from '../fold/state.ts'
import type { Limits } from '../facts/limits.ts'
import type { Write } from '../history/entry.ts'
import type { Late } from './standing.ts'

/** The first full register that a message adds to, in words, and all its writes that add to one. */
export interface Crowded {
  readonly detail: string
  readonly writes: readonly Late[]
}

/** A write of a message, with the states of its entity. */
interface Joining {
  readonly write: Write
  readonly before: EntityState | undefined
  readonly after: EntityState
}

/** The registers that would have too many live writes, and more than they have; undefined: none. */
export function crowded(
  joining: readonly Joining[],
  { liveWritesMax }: Limits,
): Crowded | undefined {
  const writes: Late[] = []
  let detail: string | undefined
  for (const { write, before, after } of joining) {
    if (!before) continue
    const full = write.regs.slots.findIndex((at) => {
      const count = liveCount(after, at)
      return count > liveWritesMax && count > liveCount(before, at)
    })
    if (full === -1) continue
    writes.push({ write, before })
    const count = liveCount(before, write.regs.slots[full]!)
    detail ??= `${write.type}.${write.regs.names[full]!} has ${count} concurrent values, which must be resolved first`
  }
  return detail === undefined ? undefined : { detail, writes }
}

/** `at`: the number of the register in its type. */
function liveCount(state: EntityState, at: number): number {
  return writesOf(liveOf(state, at)).length
}
