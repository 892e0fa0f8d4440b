/**
 * What every store asks of a batch before it touches anything: that its runs continue the head
 * without a gap, and that each run has an id a seq. A fault here is a bug of the caller.
 */
import type { AppendBatch } from '@countersign/core/ports'
import { BatchError } from './errors.ts'

/** Throws a `BatchError`. Returns the seq of the head after the batch. */
export function checkedEndSeq(batch: AppendBatch): number {
  let seq = batch.expectSeq
  for (const run of batch.runs) {
    if (run.fromSeq !== seq + 1) {
      throw new BatchError(`a run begins at seq ${run.fromSeq}, the head before it is ${seq}`)
    }
    const span = run.toSeq - run.fromSeq + 1
    if (span < 1 || span !== run.ids.length) {
      throw new BatchError(`a run of seqs ${run.fromSeq} to ${run.toSeq} has ${run.ids.length} ids`)
    }
    seq = run.toSeq
  }
  return seq
}

/** Where a stored head stands; epoch and seq are 0 while there is none. */
export interface StoredHead {
  readonly epoch: number
  readonly seq: number
}

/** A later epoch may take over from where the head stands; an earlier one has lost its right to write. */
export function isFenced(batch: AppendBatch, head: StoredHead): boolean {
  return batch.epoch < head.epoch || batch.expectSeq !== head.seq
}
