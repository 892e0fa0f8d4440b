/**
 * Converts a review of a batch to the form that followers store, and a reviewer's decision to the
 * form of a batch.
 */
import type { Salt } from '../facts/ids.ts'
import type { Message } from '../facts/types.ts'
import type {
  Assigned as AssignedByReg,
  Base as SeenBase,
  Bases,
  OtherPlace,
  Review as KeptReview,
} from '../facts/message.ts'
import type { Accepted, Assigned, Base, Review } from './types.ts'

const NONE: AssignedByReg = Object.freeze({})

/** The facts of a review that it shares with its batch. */
export type ReviewContext = Pick<KeptReview, 'reviewerId' | 'eid' | 'epoch' | 'at'>

/**
 * The review in the form that followers store. `regs`: the registers of each change of the message.
 * `forked` is computed by the caller, which knows the state before it.
 */
export function keptReview(
  { seq, review }: Pick<Accepted, 'seq' | 'review'>,
  { reviewerId, eid, epoch, at }: ReviewContext,
  { regs, forked }: { readonly regs: Registers; readonly forked: boolean },
): KeptReview {
  const place = { reviewerId, eid, epoch, seq, forked, at }
  if (!review) return place
  return {
    ...place,
    ...(review.assigned.length > 0 && { assigned: assignedByChange(review.assigned, regs) }),
    ...(review.bases.length > 0 && { bases: basesByChange(review.bases, regs) }),
    ...(review.places.length > 0 && { places: review.places }),
    ...(review.reads.length > 0 && { reads: review.reads }),
  }
}

type Registers = readonly (readonly string[])[]

function assignedByChange(
  assigned: readonly Assigned[],
  regs: Registers,
): readonly AssignedByReg[] {
  return regs.map((_, i) => assigned.find(({ change }) => change === i)?.values ?? NONE)
}

function basesByChange(bases: readonly Base[], regs: Registers): readonly Bases[] {
  return regs.map((names, i) =>
    Object.fromEntries(
      bases
        .filter(({ change }) => change === i)
        .map((base) => [names[base.reg]!, seenBase(base)] as const),
    ),
  )
}

function seenBase({ seq, value }: Base): SeenBase {
  if (seq === 0) return 'nothing'
  return value ? { version: value.version, value: value.value } : 'unknown'
}

/** The value that the author of a change had seen in a register, and the seq of its write. */
export interface StatedBase {
  readonly base: SeenBase
  /** 0: unset. Null: several live writes, or unknown. */
  readonly seq: number | null
}

/** For each change of a message, by register. */
export type StatedBases = Readonly<Record<string, StatedBase>>

/** The review of an accepted message, in the form of a batch; undefined if it is empty. */
export function reviewOf(
  { changes }: Pick<Message, 'changes'>,
  {
    assigned = [],
    bases = [],
    places = [],
    reads = [],
  }: {
    readonly assigned?: readonly AssignedByReg[] | undefined
    readonly bases?: readonly StatedBases[] | undefined
    readonly places?: readonly OtherPlace[] | undefined
    readonly reads?: readonly OtherPlace[] | undefined
  },
  salt: () => Salt,
): Review | undefined {
  const given = assigned.flatMap((values, change): Assigned[] =>
    Object.keys(values).length > 0 ? [{ change, values }] : [],
  )
  const stated = bases.flatMap((byReg, change): Base[] =>
    Object.entries(byReg)
      .map(([reg, { base, seq }]): Base => {
        const no = changes[change]!.shape.regs.indexOf(reg)
        const value = typeof base === 'string' ? undefined : { ...base, salt: salt() }
        return { change, reg: no, seq, ...(value && { value }) }
      })
      .sort((a, b) => a.reg - b.reg),
  )
  if (given.length + stated.length + places.length + reads.length === 0) return undefined
  return { bases: stated, assigned: given, places, reads, salt: salt() }
}
