/** An erasure, as whoever holds values of the row needs to know of it. */
import type { Uuid } from '../base/uuid.ts'
import type { Reg } from '../schema/registers.ts'
import { type Entry, withoutBases } from './entry.ts'

/** Values of these registers of an entity, as far as they were written before that seq. */
export interface ErasedBefore {
  readonly entityId: Uuid
  readonly regs: readonly Reg[]
  readonly seq: number
}

/** Whether values of a register of an entity are erased, or may be. */
export type IsErased = (entityId: Uuid, reg: Reg) => boolean

/** Erases values in messages that are held beside the states: accepted ones, and what others had seen. */
export function eraseIn(entries: Iterable<Entry>, { entityId, regs, seq }: ErasedBefore): void {
  for (const { writes, review } of entries)
    for (const write of writes) {
      if (write.entityId !== entityId) continue
      if (review && review.seq < seq) write.redact(regs)
      else write.bases = withoutBases(write.bases, regs)
    }
}
