/**
 * Bringing one link up to the head: by the runs of the store, or by a snapshot where that is
 * shorter. While it lasts the link hears nothing live, so what it gets is in order.
 */
import { jsonBytes } from '../base/json.ts'
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { chainPrefix } from '../facts/ids.ts'
import { lineCount } from '../facts/line.ts'
import { PageWriter } from '../fold/snapshot.ts'
import type { EntityState } from '../fold/state.ts'
import type { Limits } from '../message/limits.ts'
import type { Position } from '../message/message.ts'
import { packBases } from '../wire/bases.ts'
import type { Clock } from '../ports/clock.ts'
import type { ReviewerStore, StoredRun } from '../ports/reviewer-store.ts'
import { type AcceptedAgain, reviewerFrame } from '../wire/frames.ts'
import { type PageEntity, pageText } from '../wire/pages.ts'
import type { Connection } from './connection.ts'
import type { SpaceState } from './space.ts'

/** Runs of the first read; of later ones, as many as make up about so many bytes. */
const RUNS_FIRST = 16
const READ_BYTES = 1_048_576

export interface CatchUpParts {
  readonly space: SpaceState
  readonly store: ReviewerStore
  readonly clock: Clock
  readonly head: () => Position
  readonly limits: Limits
}

/** Sends everything after `have`, and sets the link live in the very turn in which it is at the head. */
export async function catchUp(
  connection: Connection,
  have: Position | null,
  parts: CatchUpParts,
): Promise<void> {
  const head = parts.head()
  const isOurs = have && have.eid === head.eid && have.seq <= head.seq
  const isSame = isOurs && parts.space.chains.mayBe(have.seq, chainPrefix(have.chain))
  let after = isSame ? have.seq : 0
  const known = isSame === true
  const behind = head.seq - after
  const isFar = behind > parts.limits.tailMessagesMax && behind > parts.space.size / 2
  if (isFar || (!known && have !== null)) after = (await sendSnapshot(connection, after, parts)).seq
  let count = Math.min(RUNS_FIRST, parts.limits.readRunsMax)
  while (!connection.closed && after < parts.head().seq) {
    const runs = await parts.store.readRuns(after, count)
    if (runs.length === 0)
      throw new Error(`the store has no run after ${after}, and its head is ${parts.head().seq}`)
    const committed = runs.filter((run) => run.toSeq <= parts.head().seq)
    const bytes = await sendBatches(connection, committed, parts)
    after = committed.at(-1)?.toSeq ?? parts.head().seq
    const fitting = Math.floor((committed.length * READ_BYTES) / Math.max(1, bytes))
    count = Math.max(1, Math.min(fitting, parts.limits.readRunsMax))
  }
  // In the turn of the last look at the head: a commit in between would be told to live links only.
  connection.through(reviewerFrame('through', { position: parts.head(), parts: 0, snapshot: 0 }))
}

/** Stored batches as frames, each when there is room for it. Returns their bytes. */
async function sendBatches(
  connection: Connection,
  batches: readonly StoredRun[],
  { head: headOf }: CatchUpParts,
): Promise<Bytes> {
  const head = headOf()
  const sizes = new Map(batches.map((batch) => [batch, utf8Bytes(batch.text)]))
  let sent = NO_BYTES
  for (let from = 0; from < batches.length && !connection.closed;) {
    const [part] = inFrames(batches.slice(from), (one) => sizes.get(one)!, connection.frameBytes)
    from += part!.length
    // The signature of the head vouches for all before it.
    const position = part!.at(-1)!.toSeq === head.seq ? head : null
    const counts = part!.map(({ text }) => lineCount(text))
    const texts = part!.map(({ text }) => text).join('\n')
    const frame = reviewerFrame('tail', { batches: counts, position }, texts)
    connection.send(frame)
    sent = addBytes(sent, utf8Bytes(frame))
    await connection.drained()
  }
  return sent
}

const COMMA = bytesOf(1)

/** Cuts a list so that each part fits one frame; what is larger alone goes alone, in parts. */
export function inFrames<T>(
  items: readonly T[],
  sizeOf: (item: T) => Bytes,
  bytesMax: number,
): T[][] {
  const parts: T[][] = []
  let bytes = NO_BYTES
  for (const item of items) {
    const size = addBytes(sizeOf(item), COMMA)
    if (parts.length === 0 || bytes + size > bytesMax) {
      parts.push([])
      bytes = NO_BYTES
    }
    parts.at(-1)!.push(item)
    bytes = addBytes(bytes, size)
  }
  return parts
}

/** States are immutable, so holding them is a picture of one moment, however long its sending takes. */
async function sendSnapshot(
  connection: Connection,
  after: number,
  { space, clock, head, limits }: CatchUpParts,
): Promise<Position> {
  const at = head()
  const snapshot = ++connection.snapshots
  let parts = 0
  const held = [...space.entities()].map(([id, { type, state }]) => ({ id, type, state }))
  const writer = new PageWriter()
  const { pageEntitiesMax, settledPerFrameMax } = limits
  for (let from = 0; from < held.length && !connection.closed; from += pageEntitiesMax) {
    const some = held.slice(from, from + pageEntitiesMax)
    for (const page of pagesOf(some, writer, { space, bytesMax: connection.frameBytes })) {
      connection.send(reviewerFrame('page', { snapshot }, page))
      parts++
      await connection.drained()
    }
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }
  for (const [sessionId, reviews] of settledSince(connection, space, { after, upTo: at.seq })) {
    for (let from = 0; from < reviews.length; from += settledPerFrameMax) {
      const some = reviews.slice(from, from + settledPerFrameMax)
      connection.send(reviewerFrame('settled', { sessionId, reviews: some, snapshot }))
      parts++
      await connection.drained()
    }
  }
  connection.send(reviewerFrame('through', { position: at, parts, snapshot }))
  return at
}

/**
 * Messages of the link's sessions that were accepted in between, by session. Most are overwritten
 * by now and in no page; told of later, their author would show them as pending until then.
 */
function settledSince(
  { sessions }: Connection,
  space: SpaceState,
  { after, upTo }: { after: number; upTo: number },
): ReadonlyMap<Uuid, AcceptedAgain[]> {
  const found = new Map<Uuid, AcceptedAgain[]>()
  for (const { review, session, clientSeq } of space.entries()) {
    if (!review || review.seq <= after || review.seq > upTo || !sessions.has(session.sessionId))
      continue
    const reviews = found.get(session.sessionId) ?? []
    reviews.push({ clientSeq, seq: review.seq, at: review.at, forked: review.forked })
    found.set(session.sessionId, reviews)
  }
  return found
}

type Held = { readonly id: Uuid; readonly type: string; readonly state: EntityState }

/** What a page says of a write beside its values, mostly. */
const PAGE_WRITE_BYTES = bytesOf(200)
const SPAN_BYTES = 64
const NUMBER_BYTES = 8

/** As many pages as it takes for each to have about `bytesMax` bytes; an entity is in one, however large. */
export function pagesOf(
  held: readonly Held[],
  writer: PageWriter,
  of: { readonly space: SpaceState; readonly bytesMax: number },
): string[] {
  const entities = held.map(({ id, type, state }): PageEntity =>
    writer.entity(type, id, { state, table: of.space.registers(type) }),
  )
  return inFrames(entities, pagedBytes, of.bytesMax).map(pageText)
}

function pagedBytes({ writes, bases }: PageEntity): Bytes {
  let bytes = bases ? jsonBytes(packBases([bases])) : NO_BYTES
  for (const { values, message, own = [] } of writes) {
    const spans = own.length
    const numbers = own.reduce((sum, { except }) => sum + except.length, message.seen.except.length)
    const seen = bytesOf(numbers * NUMBER_BYTES + spans * SPAN_BYTES)
    bytes = addBytes(bytes, addBytes(addBytes(jsonBytes(values), seen), PAGE_WRITE_BYTES))
  }
  return bytes
}
