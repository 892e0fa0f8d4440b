/**
 * What one reader sees of a register: the candidates that stand in it, and which of them is
 * shown while nobody has decided. Its author sees their own newest; everyone else sees the
 * first that was accepted, so a late writer cannot change other people's screens.
 */
import { jsonEqual, type Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import { isUnset } from '../schema/input.ts'
import type { Reg } from '../schema/registers.ts'
import type { LiveSet } from './state.ts'

/** The write whose value is shown. */
export function shownWrite(live: LiveSet, viewerId: Uuid | undefined): Write {
  if (live instanceof Write) return live
  const ordered = [...live].sort(compareOrder)
  const own = ordered.filter((write) => write.entry.session.authorId === viewerId)
  return own.at(-1) ?? ordered[0]!
}

/** One write for each different value, in canonical order. More than one is a conflict. */
export function candidatesOf(live: LiveSet, reg: Reg): readonly Write[] {
  if (live instanceof Write) return [live]
  const distinct: Write[] = []
  for (const write of [...live].sort(compareOrder)) {
    if (!distinct.some((other) => sameValue(other.values[reg], write.values[reg])))
      distinct.push(write)
  }
  return distinct
}

export function isConflict(live: LiveSet | undefined, reg: Reg): boolean {
  if (live === undefined || live instanceof Write) return false
  const first = live[0]!.values[reg]
  return live.some((write) => !sameValue(write.values[reg], first))
}

/** Equality of two register values; all forms of unset are one. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (isUnset(a) || isUnset(b)) return isUnset(a) === isUnset(b)
  return jsonEqual(a, b)
}
