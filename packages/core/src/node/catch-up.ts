/**
 * Bringing one link up to the head: by the batches of the store, or by a snapshot where that is
 * shorter. While it lasts the link hears nothing live, so what it gets is in order.
 */
import { assert } from '../base/assert.ts'
import type { Hash } from '../base/hash.ts'
import { type Bytes, NO_BYTES, addBytes, bytesOf, utf8Bytes } from '../base/size.ts'
import type { Uuid } from '../base/uuid.ts'
import { chainPrefix } from '../facts/ids.ts'
import { lineCount } from '../facts/line.ts'
import { listHash, pageHash } from '../wire/signed.ts'
import type { Limits } from '../facts/limits.ts'
import type { Position } from '../facts/message.ts'
import type { Clock } from '../ports/clock.ts'
import type { LedgerRun, SpaceStore, StateScan } from '../ports/space-store.ts'
import { reviewerFrame } from '../wire/frames.ts'
import { type PageEntity, pageText } from '../wire/pages.ts'
import type { Connection } from './connection.ts'
import type { NewestWord } from './newest.ts'
import type { SpaceState } from '../review/space.ts'
import { type StoredBatch, readState, readStoredBatch, statePage } from '../review/stored.ts'
import type { SpaceSource } from './source.ts'

/** Of states, or of batches, that are read in one go. */
const READ_BYTES = bytesOf(1_048_576)
/** Of the first read of batches: mostly little is missing. */
const READ_FIRST_BYTES = bytesOf(65_536)
/** Runs of the ledger that are read in one go. */
const LEDGER_RUNS = 1_024

/** Hashes of what makes up a snapshot. */
export interface ToldParts {
  readonly nonce: string
  readonly pages: readonly Hash[]
  readonly lists: readonly Hash[]
}

export interface CatchUpParts {
  readonly space: SpaceState
  readonly source: SpaceSource
  readonly store: SpaceStore
  readonly clock: Clock
  readonly head: () => Position
  /** Brings the states of the store up to now. */
  readonly writeBehind: () => Promise<void>
  /** Signs for a snapshot at a position, and for what is told beside it over the link with that nonce. */
  readonly sign: (at: Position, told: ToldParts) => Promise<{ sig: string; settledSig: string }>
  /** That the head is the newest position, signed. */
  readonly newest: () => Promise<NewestWord>
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
  const behind = head.seq - after
  const isFar =
    behind > parts.limits.tailMessagesMax && behind > (await parts.store.head()).entities / 2
  const mustReplace = isSame !== true && have !== null
  if (isFar || mustReplace) {
    const at = await parts.space.snapshots.take(() => sendSnapshot(connection, parts))
    if (at === undefined && mustReplace && !connection.closed)
      throw new Error('the store does not take states, and this link needs a snapshot')
    after = at ?? after
  }
  let bytes = READ_FIRST_BYTES
  let word: NewestWord | undefined
  for (;;) {
    while (!connection.closed && after < parts.head().seq) {
      const found = await parts.store.batches(after, bytes)
      if (found.length === 0)
        throw new Error(
          `the store has no batch after ${after}, and its head is ${parts.head().seq}`,
        )
      const committed = found.map(readStoredBatch).filter(({ toSeq }) => toSeq <= parts.head().seq)
      await sendBatches(connection, committed)
      after = committed.at(-1)?.toSeq ?? parts.head().seq
      bytes = READ_BYTES
    }
    if (word) break
    word = await parts.newest() // what is committed meanwhile is sent, too
  }
  // In the turn of the last look at the head: a commit in between would be told to live links only.
  connection.through(reviewerFrame('through', { ...word, pages: 0, snapshot: 0, settled: null }))
}

/** Stored batches as frames, each with the signed position after it, and each when there is room. */
async function sendBatches(connection: Connection, batches: readonly StoredBatch[]): Promise<void> {
  const sizes = new Map(batches.map((batch) => [batch, utf8Bytes(batch.text)]))
  for (let from = 0; from < batches.length && !connection.closed;) {
    const sizeOf = (one: StoredBatch): Bytes => sizes.get(one) ?? utf8Bytes(one.text)
    const [part = []] = inFrames(batches.slice(from), sizeOf, connection.frameBytes)
    const last = part.at(-1)
    assert(last, 'what is cut into frames is in them')
    from += part.length
    const { position } = last
    const counts = part.map(({ text }) => lineCount(text))
    const texts = part.map(({ text }) => text).join('\n')
    connection.send(reviewerFrame('tail', { batches: counts, position }, texts))
    await connection.drained()
  }
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

/**
 * The states of the store as of one position, page by page, however long their sending takes. Returns its
 * seq; undefined where nothing was sent: states that the store could not take lag behind what the link
 * was greeted with, which a reader would call forged.
 */
async function sendSnapshot(
  connection: Connection,
  parts: CatchUpParts,
): Promise<number | undefined> {
  const { store, clock, writeBehind } = parts
  const head = parts.head().seq
  if (connection.closed) return undefined
  await writeBehind()
  const scan = await store.scan()
  try {
    if (scan.through < head) return undefined
    const at = await positionAt(scan.through, parts)
    const snapshot = ++connection.snapshots
    const pages: Hash[] = []
    const lists: Hash[] = []
    for await (const page of pagesOf(scan, connection, parts)) {
      if (connection.closed) return at.seq
      connection.send(reviewerFrame('page', { snapshot }, page))
      pages.push(pageHash(page))
      await connection.drained()
      await new Promise<void>((resolve) => void clock.after(0, resolve))
    }
    for (const sessionId of connection.sessions) {
      for await (const runs of settledRuns(sessionId, store, at.seq)) {
        const list = reviewerFrame('settled', { sessionId, runs, at: clock.now(), snapshot })
        connection.send(list)
        lists.push(listHash(list))
        await connection.drained()
      }
    }
    const { sig, settledSig } = await parts.sign(at, { nonce: connection.nonce, pages, lists })
    const settled = { lists: lists.length, sig: settledSig }
    const told = { position: at, pages: pages.length, snapshot, sig, at: null, settled }
    connection.send(reviewerFrame('through', told))
    return at.seq
  } finally {
    await scan.close()
  }
}

/** The signed position at the end of the batch with that seq. */
async function positionAt(seq: number, { store, head }: CatchUpParts): Promise<Position> {
  const now = head()
  if (now.seq === seq) return now
  const [stored] = await store.batches(seq - 1, bytesOf(1))
  const batch = stored && readStoredBatch(stored)
  if (batch?.toSeq !== seq) throw new Error(`the store has states of seq ${seq}, and no such batch`)
  return batch.position
}

/** Pages of about as many bytes as the link is given at a time; an entity is in one, however large. */
async function* pagesOf(
  scan: StateScan,
  connection: Connection,
  parts: CatchUpParts,
): AsyncIterableIterator<string> {
  const { pageEntitiesMax } = parts.limits
  for (let from: string | undefined; ;) {
    const { states, next } = await scan.page(from, READ_BYTES)
    const entities: { entity: PageEntity; bytes: Bytes }[] = []
    for (const stored of states) {
      const entity = readState(stored) ?? (await refoldedPage(stored.entity, scan, parts))
      const text = stored.text.ok ? stored.text.value : pageText([entity])
      entities.push({ entity, bytes: utf8Bytes(text) })
    }
    while (entities.length > 0) {
      const page: PageEntity[] = []
      let bytes = NO_BYTES
      while (entities.length > 0 && page.length < pageEntitiesMax) {
        bytes = addBytes(bytes, entities[0]!.bytes)
        if (page.length > 0 && bytes > connection.frameBytes) break
        page.push(entities.shift()!.entity)
      }
      yield pageText(page)
    }
    if (next === undefined) return
    from = next
  }
}

/** The state of an entity as of the scan, where the stored one is damaged. */
async function refoldedPage(
  id: Uuid,
  { through }: StateScan,
  { source, space }: CatchUpParts,
): Promise<PageEntity> {
  const { type, state } = await source.refolded(id, through)
  return statePage(id, { type, state, table: space.registers(type) })
}

/**
 * All accepted messages of a session up to a seq, as runs of its numbers. Most are overwritten by now and
 * in no page; told of later, their author would show them as pending until then. All of them, as a
 * session may have been taken over by a store that knows nothing of it.
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
