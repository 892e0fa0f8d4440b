/**
 * The `standing` values of a `stale` or `contested` rejection: the live writes in the written
 * registers that the author had not seen. Bounded; a value that does not fit is left out, and arrives by the tail.
 */
import { utf8Bytes } from '../base/size.ts'
import { type EntityState, liveOf, writesOf } from '../fold/state.ts'
import { saw } from '../history/saw.ts'
import { operationIn } from '../schema/operations.ts'
import type { Write } from '../history/entry.ts'
import type { Limits } from '../facts/limits.ts'
import type { Standing } from '../facts/message.ts'

/** A write that is refused for what stands there, and the state before it. */
export interface Late {
  readonly write: Write
  readonly before: EntityState
}

/** The unseen live writes, in the order of the message, up to the limits. */
export function standingAgainst(
  late: readonly Late[],
  { standingMax, standingBytesMax }: Limits,
): readonly Standing[] {
  const found: Standing[] = []
  let bytes = 2
  for (const standing of unseen(late)) {
    if (found.length >= standingMax) break
    const { value: _, ...bare } = standing
    for (const candidate of [standing, bare]) {
      const size = utf8Bytes(JSON.stringify(candidate)) + 1
      if (bytes + size > standingBytesMax) continue
      found.push(candidate)
      bytes += size
      break
    }
  }
  return found
}

function* unseen(late: readonly Late[]): IterableIterator<Standing> {
  for (const { write, before } of late) {
    for (const [i, reg] of write.regs.names.entries()) {
      for (const live of writesOf(liveOf(before, write.regs.slots[i]!))) {
        if (saw(write, live) || operationIn(live.values[reg])) continue
        yield {
          entityId: write.entityId,
          type: write.type,
          reg,
          msgId: live.entry.id,
          authorId: live.entry.session.authorId,
          value: live.values[reg]!,
          schemaVersion: live.version,
        }
      }
    }
  }
}
