/** A term of a reviewer without a record, for tests of single parts. */
import { Lineage } from '../history/lineage.ts'
import type { Reviewing, EpochTerm } from '../sync/tail-plan.ts'

/** A lineage of one epoch, which is that term. */
export function reviewingOf({ reviewerId, eid, epoch, chain }: EpochTerm): Reviewing {
  const record = {
    ...({
      kind: 'epoch',
      why: 'genesis',
      prev: null,
      space: '',
      reviewerKey: '',
      line: '',
    } as const),
    ...{ seq: 0, at: 0, reviewerId, eid, epoch, chain },
  }
  return { reviewerId, eid, epoch, lineage: new Lineage([record]) }
}
