/**
 * What stood in a register before its writers parted: the live writes among all that each of
 * them had seen. It is shown beside the candidates of a conflict and given to merge functions.
 * It is exact or it is absent: where the parting lies in history that is not here any more,
 * nobody can say.
 */
import { ancestorsOf, isFromSnapshot, isRelinked, seenAmong } from '../log/ancestry.ts'
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
  if (!base) bySlot.set(slot, (base = standingBefore(live, slot, { themselves: false })))
  return base
}

/** The writes that stood in the register of that slot in what all these heads have in common. */
export function baseOfHeads(heads: readonly Write[], slot: number): readonly Write[] {
  return standingBefore(heads, slot, { themselves: true })
}

function standingBefore(
  writes: readonly Write[],
  slot: number,
  { themselves }: { readonly themselves: boolean },
): readonly Write[] {
  const pasts = writes.map((write) => ancestorsOf(themselves ? [write] : write.parents))
  const [first, ...others] = pasts
  const common = [...first!].filter((write) => others.every((past) => past.has(write)))
  const standing = standingIn(common, slot)
  return isCertain(standing, common, [...writes, ...pasts.flatMap((past) => [...past])])
    ? standing
    : []
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

/** Whether nothing that is not here any more could have stood in its place. */
function isCertain(
  standing: readonly Write[],
  common: readonly Write[],
  reached: readonly Write[],
): boolean {
  const shared = new Set(common)
  const isLost = (write: Write): boolean => isFromSnapshot(write) || isRelinked(write)
  // People parted before, or among, what was let go.
  if (reached.some((write) => !shared.has(write) && isLost(write))) return false
  const gaps = new Set(common.filter(isRelinked))
  if (gaps.size === 0) return true
  // What stood then was written after every gap, or something in a gap may have replaced it.
  return standing.length > 0 && standing.every((w) => seenAmong([w], gaps).size === gaps.size)
}
