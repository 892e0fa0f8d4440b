/**
 * What stood in a register before its writers parted: the live writes among all that each of
 * them had seen. It is shown beside the candidates of a conflict and given to merge functions.
 * Advisory: where history has been let go, it may be missing.
 */
import { ancestorsOf, seenAmong } from '../log/ancestry.ts'
import { Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import type { LiveSet } from './state.ts'

/** Live sets are never changed, so what was found once holds for ever. */
const known = new WeakMap<readonly Write[], Map<number, readonly Write[]>>()

/** The writes that stood in the register of that slot before; none for a single live write. */
export function baseOf(live: LiveSet | undefined, slot: number): readonly Write[] {
  if (live === undefined || live instanceof Write) return []
  let bySlot = known.get(live)
  if (!bySlot) known.set(live, (bySlot = new Map()))
  let base = bySlot.get(slot)
  if (!base) bySlot.set(slot, (base = findBase(live, slot)))
  return base
}

/** The writes that stood in the register of that slot in what all these heads have in common. */
export function baseOfHeads(heads: readonly Write[], slot: number): readonly Write[] {
  return standingIn(commonPast(heads.map((head) => ancestorsOf([head]))), slot)
}

function findBase(live: readonly Write[], slot: number): readonly Write[] {
  return standingIn(commonPast(live.map((write) => ancestorsOf(write.parents))), slot)
}

function commonPast([first, ...others]: readonly ReadonlySet<Write>[]): readonly Write[] {
  return [...first!].filter((write) => others.every((past) => past.has(write)))
}

/** The fold's own step, over some past: canonical order has parents before children. */
function standingIn(past: readonly Write[], slot: number): readonly Write[] {
  let standing: readonly Write[] = []
  for (const write of [...past].sort(compareOrder)) {
    const at = write.regs.slots.indexOf(slot)
    if (at < 0) continue
    const kept = write.keep?.get(write.regs.names[at]!)
    const seen = seenAmong(write.parents, new Set(standing))
    standing = [...standing.filter((other) => !seen.has(other) || kept?.includes(other)), write]
  }
  return standing
}
