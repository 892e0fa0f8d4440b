/**
 * Flushes of batches as offers: of batches that a reviewer had accepted, lost and got back, where it
 * knows the former place of each message; and of batches that peers have reviewed while it was away.
 * It judges their messages in the order of the batches.
 */
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import { NO_BYTES, addBytes } from '../base/size.ts'
import type { Flush, Message } from '../facts/types.ts'
import { lineBytes } from '../facts/line.ts'
import type { Limits } from '../facts/limits.ts'
import type { OtherPlace, Position } from '../facts/message.ts'
import { type BatchLayout, startOf } from '../wire/layout.ts'
import type { Accepted, Batch, FlushLayout } from '../wire/types.ts'
import type { SessionRecord } from './ledger.ts'

/** Of one decision. */
const FLUSHES_MAX = 256
const FLUSH_BYTES_MAX = 1_048_576

/** A batch of the log that is returned, the epoch of its messages, and what was before it. */
export interface ReturnedBatch {
  readonly text: string
  readonly batch: Batch
  readonly eid: Uuid
  readonly epoch: number
  readonly before: Pick<Position, 'seq' | 'chain'>
}

/** A flush of a batch, with the messages that were accepted. */
export interface ReturnedFlush {
  readonly layout: FlushLayout
  readonly flush: Flush
  /** The former places of each, aligned with the messages. Absent: it has never judged them. */
  readonly places?: readonly (readonly OtherPlace[])[]
}

/**
 * The flushes of a batch, which was read with all its lines. `eid`: of the lost epoch; undefined where
 * peers have reviewed it.
 */
export function returnedFlushes(
  { flushes }: BatchLayout,
  { accepted }: Batch,
  eid: Uuid | undefined,
): readonly ReturnedFlush[] {
  let from = 0
  return flushes.map((layout) => {
    const { length } = layout.entry.taken
    const part = accepted.slice(from, (from += length))
    const flush = flushOf(layout, part)
    if (eid === undefined) return { layout, flush }
    return { layout, flush, places: part.map((one) => placesOf(one, eid)) }
  })
}

/** The accepted messages of a flush alone, with their lines. */
function flushOf(
  { places, entry, head, headHash, session }: FlushLayout,
  part: readonly Accepted[],
): Flush {
  const kept = entry.taken.flatMap((end) => places.slice(startOf(places, end), end + 1))
  const lines = kept.map(({ line }) => {
    assert(line !== undefined, 'a batch that is returned has every line of what was accepted')
    return line
  })
  const [first] = part
  assert(first, 'a flush in a batch has an accepted message')
  return {
    // The shapes are in the changes.
    head: { baseTime: 0, shapes: [], seen: first.seen },
    messages: part.map(({ message }) => message as Message),
    ids: part.map(({ id }) => id),
    text: { head, lines },
    hashes: { session: session.hash, head: headHash, lines: kept.map(({ hash }) => hash) },
    bytes: [head, ...lines].map(lineBytes).reduce(addBytes, NO_BYTES),
  }
}

/** The place of a message in the lost batch, and its earlier places. */
function placesOf({ seq, review }: Accepted, eid: Uuid): readonly OtherPlace[] {
  const before = (review?.places ?? []).filter((place) => place.eid !== eid)
  return [...before, { eid, seq }].sort((a, b) => (a.eid < b.eid ? -1 : 1))
}

/**
 * The layout of a returned flush in a batch of its own, where some of its messages are accepted
 * again. The others are hashes, and the first line names their entities.
 */
export function layoutAgain(
  { layout, flush }: ReturnedFlush,
  isAccepted: readonly boolean[],
): FlushLayout {
  const { entry } = layout
  const places = layout.places.map(({ hash }) => ({ hash }) as FlushLayout['places'][number])
  const taken: number[] = []
  const spelled = new Map(
    entry.names.map(({ line, entityId }) => [entityId, { line, isHidden: true }]),
  )
  const names = new Map<number, Uuid>()
  for (const [i, end] of entry.taken.entries()) {
    const start = startOf(layout.places, end)
    const { changes, expect = [] } = flush.messages[i]!
    for (const [no, { entityId }] of changes.entries())
      if (!spelled.has(entityId))
        spelled.set(entityId, { line: entry.lineBefore + start + no, isHidden: !isAccepted[i] })
    if (!isAccepted[i]) continue
    for (let at = start; at <= end; at++) places[at] = layout.places[at]!
    taken.push(end)
    for (const { entityId } of [...changes, ...expect]) {
      const named = spelled.get(entityId)
      if (named?.isHidden) names.set(named.line, entityId)
    }
  }
  const list = [...names].map(([line, entityId]) => ({ line, entityId }))
  return {
    ...layout,
    places,
    entry: { ...entry, taken, names: list.sort((a, b) => a.line - b.line) },
  }
}

/**
 * An unknown session, with only the facts in its messages. It is bound when its author connects.
 */
export function unboundRecord({ session }: Pick<Accepted, 'session'>): SessionRecord {
  const { sessionId, authorId, personalCommit } = session.facts
  return { sessionId, authorId, personalCommit, publicKey: '', personalId: '' }
}

/** How many flushes are judged together: no more messages than a batch may have. */
export function countOf(
  offers: readonly { readonly flush: Flush }[],
  { batchMessagesMax }: Pick<Limits, 'batchMessagesMax'>,
): number {
  let bytes = NO_BYTES
  let messages = 0
  const end = offers.findIndex(({ flush }, i) => {
    bytes = addBytes(bytes, flush.bytes)
    messages += flush.messages.length
    const isFull = messages > batchMessagesMax || bytes > FLUSH_BYTES_MAX
    return i > 0 && (i >= FLUSHES_MAX || isFull)
  })
  return end < 0 ? offers.length : end
}
