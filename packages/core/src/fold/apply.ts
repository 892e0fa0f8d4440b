/**
 * The fold's one step: a write joins the state of its entity. Pure; the order in which
 * writes arrive does not matter as long as parents come before children, because the state
 * is a function of the set of writes alone (SPEC.md, section 8, has the proof).
 */
import { seenAmong } from '../log/ancestry.ts'
import { Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import { type EntityState, type Fold, type LiveSet, spread, writesOf } from './state.ts'

/** The state after `write`, all of whose parents are in it. */
export function apply(state: EntityState | undefined, write: Write): EntityState {
  if (!state) return write
  const before = spread(state)
  return followsAll(write, before.heads) ? applyOnHeads(before, write) : applyBeside(before, write)
}

/** Nearly every write: its author had seen everything, so it replaces what it writes. */
function applyOnHeads(before: Fold, write: Write): Fold {
  const live = before.live.slice()
  for (let i = 0; i < write.regs.slots.length; i++) {
    const slot = write.regs.slots[i]!
    const kept = write.keep?.get(write.regs.names[i]!)
    live[slot] = kept
      ? joined(
          writesOf(live[slot]).filter((w) => kept.includes(w)),
          write,
        )
      : write
  }
  return {
    heads: [write],
    live,
    created: before.created,
    last: later(before.last, write),
    // What is kept stands beside this write, as if it had been written beside it.
    linear: before.linear && before.heads.length === 1 && !write.keep,
  }
}

/** A concurrent write: it replaces only what its author had seen. */
function applyBeside(before: Fold, write: Write): Fold {
  const rivals = new Set<Write>()
  for (const slot of write.regs.slots) for (const w of writesOf(before.live[slot])) rivals.add(w)
  const seen = seenAmong(write.parents, rivals)
  const live = before.live.slice()
  for (let i = 0; i < write.regs.slots.length; i++) {
    const slot = write.regs.slots[i]!
    const kept = write.keep?.get(write.regs.names[i]!)
    live[slot] = joined(
      writesOf(live[slot]).filter((w) => !seen.has(w) || kept?.includes(w)),
      write,
    )
  }
  return {
    heads: [...before.heads.filter((head) => !write.parents.includes(head)), write],
    live,
    created:
      write.parents.length === 0 && compareOrder(write, before.created) < 0
        ? write
        : before.created,
    last: later(before.last, write),
    linear: false,
  }
}

/**
 * The same set of writes after one of them got its review: it stands before all pending ones
 * now, whenever it was written. `pending` are those, in the order of their arrival.
 */
export function afterReview(
  state: EntityState,
  write: Write,
  pending: readonly Write[],
): EntityState {
  if (state instanceof Write) return state
  const isFirst = write.parents.length === 0 && compareOrder(write, state.created) < 0
  const newest = pending.at(-1)
  return {
    ...state,
    created: isFirst ? write : state.created,
    last: newest ? later(state.last, newest) : state.last,
  }
}

/** Whether these parents include all heads. */
export function followsAll(
  write: { readonly parents: readonly Write[] },
  heads: readonly Write[],
): boolean {
  const { parents } = write
  if (heads.length === 1)
    return parents.length === 1 ? parents[0] === heads[0] : parents.includes(heads[0]!)
  return heads.every((head) => parents.includes(head))
}

function joined(others: readonly Write[], write: Write): LiveSet {
  return others.length === 0 ? write : [...others, write]
}

function later(a: Write, b: Write): Write {
  return compareOrder(a, b) > 0 ? a : b
}
