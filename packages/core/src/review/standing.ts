/**
 * What a `stale` verdict tells its author: the live writes that stand in the registers it wrote
 * and that it had not seen. Bounded; a value that does not fit is left out, and comes by the tail.
 */
import { utf8Bytes } from '../base/size.ts'
import { type EntityState, liveOf, writesOf } from '../fold/state.ts'
import { saw } from '../history/saw.ts'
import { operationIn } from '../schema/operations.ts'
import type { Write } from '../history/entry.ts'
import type { Limits } from '../facts/limits.ts'
import type { Standing } from '../facts/message.ts'

/** A write that came too late, and the state it met. */
export interface Late {
  readonly write: Write
  readonly before: EntityState
}

/** The writes to tell of, in the order of the message, up to the bounds. */
export function standingAgainst(
  late: readonly Late[],
  { standingMax, standingBytesMax }: Limits,
): readonly Standing[] {
  const told: Standing[] = []
  let bytes = 2
  for (const standing of unseen(late)) {
    if (told.length >= standingMax) break
    const { value: _, ...bare } = standing
    for (const candidate of [standing, bare]) {
      const size = utf8Bytes(JSON.stringify(candidate)) + 1
      if (bytes + size > standingBytesMax) continue
      told.push(candidate)
      bytes += size
      break
    }
  }
  return told
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
