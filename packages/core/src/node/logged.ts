/** Reads the log of a space: its stored batches, and the entries of their messages. Pure. */
import type { Outcome } from '../base/outcome.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Limits } from '../facts/limits.ts'
import { isForked } from '../fold/apply.ts'
import type { EntityState } from '../fold/state.ts'
import { type Entry, applyAssigned, giveReview } from '../history/entry.ts'
import { toEntry } from '../history/from-message.ts'
import type { Lineage } from '../history/lineage.ts'
import type { StoredBatch } from '../review/stored.ts'
import type { RegisterTable } from '../schema/registers.ts'
import { storedReadingBounds } from '../wire/bounds.ts'
import { NO_CHAIN } from '../wire/hashes.ts'
import { readBatch } from '../wire/read-batch.ts'
import { keptReview } from '../wire/reviews.ts'
import type { Batch } from '../wire/types.ts'

/**
 * Parses a stored batch, which has every line, erased ones as their hashes. Its `chain` means something only with the chain before
 * it. Errors as `readBatch`.
 */
export function loggedBatch(
  { fromSeq, text }: Pick<StoredBatch, 'fromSeq' | 'text'>,
  {
    space,
    limits,
    chainBefore = NO_CHAIN,
  }: { readonly space: Uuid; readonly limits: Limits; readonly chainBefore?: string | undefined },
): Outcome<Batch> {
  return readBatch(text, {
    space,
    before: { seq: fromSeq - 1, chain: chainBefore },
    sessions: [],
    own: () => undefined,
    mayBeErased: true,
    bounds: storedReadingBounds(limits),
  })
}

/** The entry of an accepted message. `before`: the states of its entities before it, if they are known. */
export function loggedEntry(
  batch: Batch,
  seq: number,
  {
    lineage,
    tableOf,
    before = () => undefined,
  }: {
    readonly lineage: Lineage
    readonly tableOf: (type: string) => RegisterTable
    readonly before?: (entityId: Uuid) => EntityState | undefined
  },
): Entry {
  const accepted = batch.accepted[seq - batch.fromSeq]!
  const { id, hash, seen, message, session } = accepted
  const { authorId, sessionId } = session.facts
  const entry = toEntry(
    // The stored text has every line.
    { ...message!, id, hash, seen, session },
    { session: { authorId, sessionId }, arrival: 0, tableOf },
  )
  const regs = entry.writes.map((write) => write.regs.names)
  const { reviewerId, eid, epoch } = lineage.at(seq)
  const place = { reviewerId, eid, epoch, at: batch.at }
  const review = keptReview(accepted, place, { regs, forked: false })
  applyAssigned(entry, review, tableOf)
  giveReview(entry, review)
  // Afterwards, because what its author had read may be said by the review.
  const forked = entry.writes.some((write) => isForked(before(write.entityId), write))
  if (forked) giveReview(entry, { ...review, forked })
  return entry
}
