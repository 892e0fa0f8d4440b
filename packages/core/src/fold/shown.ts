/**
 * The value that one reader sees in a register with several live writes: the candidates, and the
 * one that is shown until the conflict is resolved. An author sees their own newest value;
 * everyone else sees the first accepted one, so a late write cannot change other people's screens.
 * A write whose value was erased says nothing beside others: it is no candidate.
 */
import { jsonEqual, type Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { Write } from '../history/entry.ts'
import { compareOrder } from '../history/order.ts'
import { isRedacted } from '../schema/redacted.ts'
import { isUnset } from '../schema/unset.ts'
import type { Reg } from '../schema/registers.ts'
import { type Reader, compared } from './read.ts'
import { type LiveSet, writesOf } from './state.ts'

/** The live writes whose value was not erased; all of them if there is none. */
export function tellingOf(live: LiveSet, reg: Reg): LiveSet {
  if (live instanceof Write) return live
  const telling = live.filter((write) => !isRedacted(write.values[reg]))
  return telling.length === 0 ? live : telling
}

/** The write whose value is shown until the conflict is resolved. */
export function shownWrite(all: LiveSet, reg: Reg, viewerId: Uuid | undefined): Write {
  const live = tellingOf(all, reg)
  if (live instanceof Write) return live
  const ordered = [...live].sort(compareOrder)
  const own = ordered.filter((write) => write.entry.session.authorId === viewerId)
  // There is at least one live write.
  return own.at(-1) ?? ordered[0]!
}

/** One write for each different value, in canonical order. */
export function candidatesOf(all: LiveSet, reg: Reg, reader: Reader): readonly Write[] {
  const live = tellingOf(all, reg)
  if (live instanceof Write) return [live]
  const distinct: Write[] = []
  for (const write of [...live].sort(compareOrder)) {
    if (!distinct.some((other) => isAgreed(other, write, { reg, reader }))) distinct.push(write)
  }
  return distinct
}

/** Whether the register has different values, regardless of its policy. */
export function isConflict(
  live: LiveSet | undefined,
  reg: Reg,
  reader: Reader,
): live is readonly Write[] {
  if (live === undefined || live instanceof Write) return false
  const [first, ...others] = writesOf(tellingOf(live, reg))
  return first !== undefined && others.some((write) => !isAgreed(write, first, { reg, reader }))
}

/** Whether two writes gave the register the same value, in the reader's version. */
export function isAgreed(
  a: Write,
  b: Write,
  { reg, reader }: { readonly reg: Reg; readonly reader: Reader },
): boolean {
  return sameValue(compared(a, reg, reader), compared(b, reg, reader))
}

/** Equality of two register values; all forms of unset are one. */
export function sameValue(a: Json | undefined, b: Json | undefined): boolean {
  if (isUnset(a) || isUnset(b)) return isUnset(a) === isUnset(b)
  return jsonEqual(a, b)
}
