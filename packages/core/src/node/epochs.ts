/**
 * Opening an epoch on stored data, where they are, or may be, older than what was committed last: so
 * that no seq of the present epoch is given twice.
 */
import type { Uuid } from '../base/uuid.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { SpaceMarks } from '../ports/space-marks.ts'
import type { KeyPair, Signer } from '../ports/signer.ts'
import type { SpaceStore } from '../ports/space-store.ts'
import { type Erasure, batchText, headText } from '../review/stored.ts'
import type { RedactRecord } from '../wire/records.ts'
import type { AssignedLast } from '../review/space.ts'
import { positionBytes } from '../wire/signed.ts'
import type { SessionRecord } from '../review/ledger.ts'
import { type OpenSpace, newEpoch } from './open.ts'
import type { ReturnedBatch } from '../review/returned-flush.ts'

export interface EpochParts {
  readonly space: Uuid
  readonly store: SpaceStore
  readonly keys: KeyPair
  readonly signer: Signer
  readonly clock: Clock
  readonly marks?: SpaceMarks | undefined
}

/** The record of an epoch takes a seq of no message, and has no seals. */
export const NO_SEALS: string = JSON.stringify({ seals: [], forked: [] })

/** The text of the head after a commit. */
export function headAfter(
  { lineage, erasure }: Pick<OpenSpace, 'lineage' | 'erasure'>,
  position: Position,
  assigned: readonly AssignedLast[],
): string {
  const epochs = lineage.epochs.filter(({ prev }) => prev !== null).map(({ seq }) => seq)
  const parted = lineage.parted.map(({ line }) => line)
  return headText({ position, assigned, epochs, parted, erasure })
}

/** Signs positions of this reviewer. */
export async function signed(
  unsigned: Position,
  { space, keys, signer }: EpochParts,
): Promise<Position> {
  return { ...unsigned, sig: await signer.sign(keys, positionBytes(space, unsigned)) }
}

/**
 * Stores a batch of the log that was handed back, unchanged. The caller applies it. Fenced where
 * another process has written.
 */
export async function appendReturned(
  open: OpenSpace,
  { text, batch, eid, epoch }: ReturnedBatch,
  { records, ...parts }: EpochParts & { readonly records: ReadonlyMap<Uuid, SessionRecord> },
): Promise<{ readonly head: Position; readonly erasure: Erasure } | 'fenced'> {
  const { fromSeq, throughSeq: toSeq, chain, accepted } = batch
  const position = await signed({ eid, epoch, seq: toSeq, chain }, parts)
  const lineage = batch.epoch ? open.lineage.with(batch.epoch) : open.lineage
  const erasure = batch.redact ? erasureWith(open.erasure, batch.redact) : open.erasure
  const entries = accepted.map(({ seq }) => open.source.entry(batch, seq))
  const outcome = await parts.store.append({
    epoch,
    expect: { seq: open.head.seq, commits: open.commits },
    batch: { fromSeq, toSeq, text: batchText(text, position), seals: NO_SEALS },
    sessions: open.ledger
      .unstored(records.values())
      .map((record) => ({ sessionId: record.sessionId, text: JSON.stringify(record) })),
    accepted: accepted.map(({ session, message, seq }) => ({
      sessionId: session.facts.sessionId,
      // A batch of the log has every line.
      clientSeq: message!.clientSeq,
      count: 1,
      seq,
    })),
    head: headAfter({ lineage, erasure }, position, open.space.assignedAfter(entries)),
  })
  if (outcome === 'fenced') return outcome
  open.commits++
  return { head: position, erasure }
}

/** What is erased with a record that came back: the log from before it still has the values. */
function erasureWith({ left }: Erasure, { entityId, regs, seq }: RedactRecord): Erasure {
  return { through: seq - 1, newest: seq, left: [...left, { entityId, regs, below: seq }] }
}

/**
 * Stores the record of a new epoch at the head. Fenced where another process has written. `claimed`:
 * the number of the epoch of a provisional reviewer.
 */
export async function appendEpoch(
  open: OpenSpace,
  parts: EpochParts,
  claimed?: number,
): Promise<'committed' | 'fenced'> {
  const { space, store, keys, clock, marks } = parts
  const { head, lineage } = open
  const { sig: _, ...prev } = head
  const known = [...lineage.epochs, ...lineage.parted].map((one) => one.epoch)
  const epoch = claimed ?? Math.max(...known) + 1
  const why = claimed === undefined ? 'restore' : 'claim'
  const record = newEpoch({ space, keys, clock }, { seq: head.seq + 1, epoch, why, prev })
  const { eid, seq, chain, line } = record
  const position = await signed({ eid, epoch, seq, chain }, parts)
  const after = { lineage: lineage.with(record), erasure: open.erasure }
  const outcome = await store.append({
    epoch,
    expect: { seq: head.seq, commits: open.commits },
    batch: { fromSeq: seq, toSeq: seq, text: batchText(line, position), seals: NO_SEALS },
    head: headAfter(after, position, open.space.assignedAfter([])),
  })
  if (outcome === 'fenced') return outcome
  open.lineage = after.lineage
  open.commits++
  open.head = position
  open.mustOpenEpoch = false
  open.space.endBatch(seq, chain)
  await marks?.put(space, { epoch, head: null })
  return outcome
}
