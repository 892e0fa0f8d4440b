/**
 * Sends one link everything up to the head: stored batches, or a snapshot where that is shorter.
 * Meanwhile the link gets no live batches, so its frames are in order.
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { chainPrefix } from '../facts/ids.ts'
import { lineCount } from '../facts/line.ts'
import { listHash } from '../wire/signed.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { BatchText, LedgerRun, SpaceStore, Stored } from '../ports/space-store.ts'
import { reviewerFrame } from '../wire/frames.ts'
import type { Answer } from './answer.ts'
import type { Connection } from './connection.ts'
import type { NewestWord } from './newest.ts'
import type { Lineage } from '../history/lineage.ts'
import type { SpaceState } from '../review/space.ts'
import { type StoredBatch, readStoredBatch } from '../review/stored.ts'
import type { SharedSnapshot } from './shared-snapshot.ts'
import { type Snapshots, isFar } from './snapshots.ts'

/** Size of one read of batches. */
const READ_BYTES = bytesOf(1_048_576)
/** Size of the first read of batches: usually few are missing. */
const READ_FIRST_BYTES = bytesOf(65_536)
/** Runs of one read of the ledger. */
const LEDGER_RUNS = 1_024

/** The signed facts about own messages that accompany a snapshot. */
export interface SettledParts {
  readonly nonce: string
  /** Hashes of the pages of the snapshot. */
  readonly pages: readonly Hash[]
  /** Hashes of the `settled` frames. */
  readonly lists: readonly Hash[]
}

export interface CatchUpParts {
  readonly space: SpaceState
  readonly store: SpaceStore
  readonly clock: Clock
  readonly snapshots: Snapshots
  readonly head: () => Position
  readonly lineage: () => Lineage
  /** No batch above this seq has erased values. */
  readonly erasedThrough: () => number
  /** Signs the settled messages that accompany a snapshot at that position. */
  readonly signSettled: (at: Position, settled: SettledParts) => Promise<string>
  /** The signed statement that the head is the newest position. */
  readonly newest: () => Promise<NewestWord>
  readonly limits: Limits
}

/** The state from which a link follows. */
export interface FollowFrom {
  readonly have: Position | null
  /** Names of the pages that it has of an unfinished snapshot. */
  readonly pages: ReadonlySet<string>
}

/** Sends everything after `have`, and makes the link live in the turn in which it reaches the head. */
export async function catchUp(
  connection: Connection,
  { have, pages }: FollowFrom,
  parts: CatchUpParts,
): Promise<void> {
  const answer = connection.answer()
  const head = parts.head()
  const isOurs = have && parts.lineage().has(have) && have.seq <= head.seq
  const isSame = isOurs && parts.space.chains.mayBe(have.seq, chainPrefix(have.chain))
  let after = isSame ? have.seq : 0
  // A greeting has only the newest epochs, so a follower does not know the start of an older one.
  const isTold = after > 0 || parts.lineage().epochs[0]?.prev === null
  // What it lacks of the log is not what was signed any more.
  const isErased = after < parts.erasedThrough()
  const mustReplace = (isSame !== true && have !== null) || !isTold || isErased
  const missing = mustReplace ? undefined : await firstMissing(after, head.seq - after, parts)
  let first = missing ?? []
  if (!missing) {
    const fromSeq = isOurs ? have.seq : 0
    const at = await parts.snapshots.read({ fromSeq, pages }, (one) =>
      sendSnapshot(connection, one, { ...parts, pages, answer }),
    )
    if (at === undefined && mustReplace && !connection.closed)
      throw new Error('the store does not take states, and this link needs a snapshot')
    after = at ?? after
  }
  let word: NewestWord | undefined
  for (;;) {
    while (!answer.isOver && after < parts.head().seq) {
      const found = first.length > 0 ? first : await parts.store.batches(after, READ_BYTES)
      if (found.length === 0)
        throw new Error(
          `the store has no batch after ${after}, and its head is ${parts.head().seq}`,
        )
      const committed = found.map(readStoredBatch).filter(({ toSeq }) => toSeq <= parts.head().seq)
      if ((committed[0]?.fromSeq ?? 0) > after + 1) {
        connection.close('this reviewer is a peer, and has no log from there') // PEER10
        return
      }
      await sendBatches(connection, committed, answer)
      after = committed.at(-1)?.toSeq ?? parts.head().seq
      first = []
    }
    if (word) break
    word = await parts.newest() // a commit during this await is sent by the next round
  }
  // In the same turn as the last check of the head: a commit in between would go to live links only.
  answer.through(reviewerFrame('through', { ...word, pages: 0, snapshot: 0, settled: null }))
}

/** The first of the batches that are missing; undefined where a snapshot is shorter than all of them. */
async function firstMissing(
  after: number,
  behind: number,
  { store, limits }: CatchUpParts,
): Promise<readonly Stored<BatchText>[] | undefined> {
  if (behind === 0) return []
  const { entities } = await store.head()
  if (isFar(behind, entities, limits)) return undefined
  // Usually the first read has all. If not, a few large messages are a poor estimate of the rest.
  for (const bytes of [READ_FIRST_BYTES, READ_BYTES]) {
    const batches = await store.batches(after, bytes)
    if (!isFar(behind * changesPerMessage(batches), entities, limits)) return batches
  }
  return undefined
}

/** Lines of a message of one change: its own, and session, head and review lines. */
const LINES_OF_ONE = 4

/** About how many changes a message has, by those of these batches; at least one. */
function changesPerMessage(batches: readonly Stored<BatchText>[]): number {
  const [from, to] = [batches[0]?.fromSeq ?? 0, batches.at(-1)?.toSeq ?? 0]
  const lines = batches.reduce((sum, { text }) => sum + (text.ok ? lineCount(text.value) : 0), 0)
  return Math.max(1, lines / (to - from + 1) - LINES_OF_ONE)
}

/** Sends stored batches in frames, each with the signed position after it; waits until the link has room. */
async function sendBatches(
  connection: Connection,
  batches: readonly StoredBatch[],
  answer: Answer,
): Promise<void> {
  const sizes = new Map(batches.map((batch) => [batch, utf8Bytes(batch.text)]))
  for (let from = 0; from < batches.length && !connection.closed;) {
    const sizeOf = (one: StoredBatch): Bytes => sizes.get(one) ?? utf8Bytes(one.text)
    const { eid } = batches[from]!.position // below the length
    const [whole = []] = inFrames(batches.slice(from), sizeOf, connection.frameBytes)
    // One signature covers a frame, and epochs may be of several reviewers.
    const end = whole.findIndex(({ position }) => position.eid !== eid)
    const part = end < 0 ? whole : whole.slice(0, end)
    const last = part.at(-1)
    assert(last, 'a list that is cut into frames has a first part')
    from += part.length
    const { position } = last
    const counts = part.map(({ text }) => lineCount(text))
    const texts = part.map(({ text }) => text).join('\n')
    answer.sendPart(reviewerFrame('tail', { batches: counts, position }, texts))
    await connection.drained()
  }
}

const COMMA = bytesOf(1)

/** Splits a list so that each part fits one frame; an item that is too large is a part of its own. */
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

/**
 * Sends the pages of a snapshot that the link does not have, and the accepted messages of its sessions.
 * Returns the seq of the snapshot.
 */
async function sendSnapshot(
  connection: Connection,
  shared: SharedSnapshot,
  parts: CatchUpParts & Pick<FollowFrom, 'pages'> & { readonly answer: Answer },
): Promise<number> {
  const { store, clock, answer } = parts
  const { at } = shared
  const snapshot = ++connection.snapshots
  const kept: string[] = []
  for (let no = 0; !connection.closed; no++) {
    const name = await shared.name(no)
    if (name !== undefined && parts.pages.has(name)) {
      kept.push(name)
      continue
    }
    const page = await shared.page(no)
    if (page === undefined) break
    answer.sendPart(reviewerFrame('page', { snapshot }, page))
    await connection.drained()
    await new Promise<void>((resolve) => void clock.after(0, resolve))
  }
  if (shared.isOver) connection.close('the snapshot is over')
  if (connection.closed) return at.seq
  if (kept.length > 0) answer.send(reviewerFrame('kept', { snapshot, pages: kept }))
  const lists: Hash[] = []
  for (const sessionId of connection.sessions) {
    for await (const runs of settledRuns(sessionId, store, at.seq)) {
      const list = reviewerFrame('settled', { sessionId, runs, at: clock.now(), snapshot })
      answer.sendPart(list)
      lists.push(listHash(list))
      await connection.drained()
    }
  }
  const { hashes } = shared
  const told = { nonce: connection.nonce, pages: hashes, lists }
  const [sig, settledSig] = await Promise.all([shared.signature(), parts.signSettled(at, told)])
  const settled = { lists: lists.length, sig: settledSig }
  const end = { position: at, pages: hashes.length, snapshot, sig, at: null, settled }
  answer.send(reviewerFrame('through', end))
  return at.seq
}

/**
 * All accepted messages of a session up to a seq, as runs of its numbers. Most are overwritten and in no
 * page: without these runs their author would show them as pending. Always from the first number,
 * because a session may have been adopted by a store that has none of them.
 */
async function* settledRuns(
  sessionId: Uuid,
  store: SpaceStore,
  upTo: number,
): AsyncIterableIterator<readonly LedgerRun[]> {
  for (let from = 1; ;) {
    const found = await store.ledgerRuns(sessionId, from, LEDGER_RUNS)
    const last = found.at(-1)
    if (!last) return
    const runs = found.flatMap((run) => acceptedUpTo(run, upTo) ?? [])
    if (runs.length > 0) yield runs
    if (found.length < LEDGER_RUNS) return
    from = last.clientSeq + last.count
  }
}

/** The part of a run of accepted messages up to a seq. */
function acceptedUpTo(run: LedgerRun, upTo: number): LedgerRun | undefined {
  const count = Math.min(run.count, upTo + 1 - run.seq)
  return run.seq === 0 || count <= 0 ? undefined : { ...run, count }
}
