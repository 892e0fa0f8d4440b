/** An erasure, as whoever holds values of the row needs to know of it. */
import type { Uuid } from '../base/uuid.ts'
import type { Bases, Review } from '../facts/message.ts'
import { REDACTED } from '../schema/redacted.ts'
import type { Reg } from '../schema/registers.ts'
import type { Entry, Write } from './entry.ts'

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
      if (review && review.seq < seq) redactWrite(write, regs)
      else write.bases = withoutBases(write.bases, regs)
    }
}

/**
 * Erases values of a write in these registers, wherever the write is referenced, and what its author had
 * seen in them. Nothing else in the library changes a write.
 */
export function redactWrite(write: Write, regs: readonly Reg[]): void {
  const erased = regs.filter((reg) => write.values[reg] !== undefined)
  if (erased.length > 0) {
    const markers = Object.fromEntries(erased.map((reg) => [reg, REDACTED]))
    write.values = { ...write.values, ...markers }
  }
  write.bases = withoutBases(write.bases, regs)
  const { review } = write.entry
  if (review) write.entry.review = withoutStated(review, write.index, regs)
}

/** Without the values of bases of these registers: they are not known any more. */
export function withoutBases(bases: Bases | undefined, regs: readonly Reg[]): Bases | undefined {
  const known = regs.filter((reg) => typeof bases?.[reg] === 'object')
  if (known.length === 0) return bases
  return { ...bases, ...Object.fromEntries(known.map((reg) => [reg, 'unknown' as const])) }
}

/** Without the values that it states of registers of the change with that index. */
function withoutStated(review: Review, index: number, regs: readonly Reg[]): Review {
  const { assigned, bases } = review
  if (!assigned && !bases) return review
  const left = assigned?.map((values, i) =>
    i === index
      ? Object.fromEntries(Object.entries(values).filter(([reg]) => !regs.includes(reg)))
      : values,
  )
  const known = bases?.map((each, i) => (i === index ? (withoutBases(each, regs) ?? {}) : each))
  return { ...review, ...(left && { assigned: left }), ...(known && { bases: known }) }
}
