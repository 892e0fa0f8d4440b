/**
 * Splits a list that is written as several messages (imports and migrations). Slices are bounded in
 * bytes, so that no message is larger than a reviewer accepts.
 */
import { jsonBytes } from '../../base/json.ts'
import { type Bytes, bytesOf, jsonStringBytes } from '../../base/size.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Registers } from '../../schema/input.ts'

/** Ids, salt and brackets of a change, and a parent of it. */
const CHANGE_BYTES = 160
const PARENT_BYTES = 40

/** An upper bound of the UTF-8 bytes of a change in a message. */
export function changeBytes({ regs, values }: Registers, parents = 0): Bytes {
  let bytes = CHANGE_BYTES + parents * PARENT_BYTES
  for (const reg of regs.names) bytes += jsonStringBytes(reg) + jsonBytes(values[reg]!) + 2
  return bytesOf(bytes)
}

/** Yields to the event loop. */
export function yieldTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(0, resolve))
}

interface Item {
  readonly bytes: Bytes
}

/**
 * The end of the slice that starts at `from`: at most `itemsMax` items and the bytes of one flush,
 * but at least one item.
 */
export function sliceEnd(
  items: readonly Item[],
  from: number,
  { itemsMax, limits }: { readonly itemsMax: number; readonly limits: Limits },
): number {
  const last = Math.min(items.length, from + Math.min(itemsMax, limits.messageChangesMax))
  const bytesMax = Math.min(limits.flushBytesMax, limits.messageBytesMax)
  let bytes = 0
  for (let at = from; at < last; at++) {
    bytes += items[at]!.bytes
    if (at > from && bytes > bytesMax) return at
  }
  return last
}
