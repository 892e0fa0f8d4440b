/**
 * Batches for the tests of reviewer stores, which any process can make: seq n has the id n, so
 * that two processes agree on them.
 */
import type { AppendBatch, StoredRun } from '@countersign/core/ports'

/** A message id that is easy to read in a failure: its number, in the form of a uuid. */
export function idOf(number: number): string {
  return `00000000-0000-8000-8000-${number.toString(16).padStart(12, '0')}`
}

export function runOf(fromSeq: number, toSeq: number): StoredRun {
  const ids = Array.from({ length: toSeq - fromSeq + 1 }, (_, i) => idOf(fromSeq + i))
  return { fromSeq, toSeq, ids, text: `run ${fromSeq}-${toSeq} "ü"`, seals: `seals ${toSeq}` }
}

/** A batch of epoch 1 that continues `expectSeq` with runs of the given lengths. */
export function batchOf(
  expectSeq: number,
  lengths: readonly number[],
  more: Partial<AppendBatch> = {},
): AppendBatch {
  let seq = expectSeq
  const runs = lengths.map((length) => {
    const run = runOf(seq + 1, seq + length)
    seq += length
    return run
  })
  return {
    epoch: 1,
    expectSeq,
    runs,
    rejections: [],
    sessions: [],
    head: `head ${seq}`,
    ...more,
  }
}
