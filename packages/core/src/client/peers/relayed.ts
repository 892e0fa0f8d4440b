/**
 * What a peer passes on of the log of home: the newest steps that lead to its position, for peers that
 * lack them. Home has signed the position at the end of each step, and of no batch within one.
 */
import { NO_BYTES, addBytes, utf8Bytes } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import type { Limits } from '../../facts/limits.ts'
import type { Position } from '../../facts/message.ts'
import type { BatchText } from '../../ports/space-store.ts'
import { batchText } from '../../review/stored.ts'
import type { HeldStep } from '../../sync/hand-back.ts'
import { batchReadingBounds } from '../../wire/bounds.ts'
import { readBatch } from '../../wire/read-batch.ts'

/** More is not passed on: whoever lacks that much waits for home. */
const BYTES_MAX = 1_048_576

/** The batches of those steps that lead to that position without a gap, in order. */
export function relayedTo(
  { seq, chain }: Position,
  held: readonly HeldStep[],
  reading: { readonly space: Uuid; readonly limits: Limits },
): readonly BatchText[] {
  const all: (readonly BatchText[])[] = []
  let bytes = NO_BYTES
  let end: Pick<Position, 'seq' | 'chain'> = { seq, chain }
  for (const step of [...held].reverse()) {
    const { position, from } = step
    if (position.seq !== end.seq || position.chain !== end.chain) break
    bytes = step.batches.map(utf8Bytes).reduce(addBytes, bytes)
    const batches = bytes > BYTES_MAX ? undefined : batchesOf(step, reading)
    if (!batches) break
    all.unshift(batches)
    end = from
  }
  return all.flat()
}

function batchesOf(
  { batches, from, position }: HeldStep,
  { space, limits }: { readonly space: Uuid; readonly limits: Limits },
): readonly BatchText[] | undefined {
  const found: BatchText[] = []
  let before = from
  for (const [i, text] of batches.entries()) {
    const read = readBatch(text, {
      ...{ space, before, sessions: [], bounds: batchReadingBounds(limits) },
      own: () => undefined,
    })
    if (!read.ok) return undefined
    const { fromSeq, throughSeq: toSeq, chain } = read.value
    const { sig: _, ...unsigned } = position
    const isLast = i === batches.length - 1
    const after = isLast ? position : { ...unsigned, seq: toSeq, chain }
    found.push({ fromSeq, toSeq, text: batchText(text, after) })
    before = { seq: toSeq, chain }
  }
  return found
}
