/**
 * Exports a space as lines of JSON: all that a reviewer needs to go on with it elsewhere, its key
 * excepted. States are not in it: the import folds them from the log. Works beside a reviewer; what it
 * commits after the start is not in the export.
 */
import { bytesOf } from '../../base/size.ts'
import type { Uuid } from '../../base/uuid.ts'
import { LIMITS, type Limits } from '../../facts/limits.ts'
import { STORE_KEYS_MAX, type SpaceHead, type SpaceStore } from '../../ports/space-store.ts'
import type { SessionRecord } from '../../review/ledger.ts'
import { readSession, textOf } from '../../review/stored.ts'
import { evidenceKey } from '../evidence.ts'
import { GENESIS } from '../open.ts'
import { EXPORT_VERSION, ExportLines, type ExportRecord } from './lines.ts'

/** What `exportSpace` takes. */
export interface SpaceExportOptions {
  readonly space: Uuid
  readonly store: SpaceStore
  /** Exports who is behind each author id, and the personal ids of sessions. They are private. */
  readonly persons: boolean
  readonly limits?: Partial<Limits> | undefined
}

const READ_BYTES = bytesOf(4_194_304)
const READ_MAX = 1_000

/** The lines of a space. Rejects where a record is damaged, or the store has no such space. */
export async function* exportSpace(options: SpaceExportOptions): AsyncGenerator<string> {
  const lines = new ExportLines()
  for await (const record of recordsIn(options)) yield lines.line(record)
  yield lines.line(['end', lines.count])
}

async function* recordsIn(options: SpaceExportOptions): AsyncGenerator<ExportRecord> {
  const { space, store, persons } = options
  const genesis = await store.meta(GENESIS)
  const head = await store.head()
  if (genesis === undefined || head.text === undefined)
    throw new Error(`there is nothing in the space ${space}`)
  const { epoch, seq, sessions, text } = head
  const start = { space, head: text, genesis, epoch, seq, sessions, persons }
  yield ['space', EXPORT_VERSION, start]
  const authors = new Set<Uuid>()
  for await (const { record, stored } of sessionsIn(store, head)) {
    authors.add(record.authorId)
    yield ['session', persons ? stored : JSON.stringify({ ...record, personalId: '' })]
  }
  if (persons) yield* personsOf(store, [...authors])
  for await (const { record } of sessionsIn(store, head)) yield* forgotten(store, record.sessionId)
  yield* batchesIn(store, seq)
  for await (const { record } of sessionsIn(store, head))
    for await (const one of rejectionsOf(store, record.sessionId)) yield one
  yield* proofsIn(options)
}

async function* sessionsIn(
  store: SpaceStore,
  { sessions }: SpaceHead,
): AsyncGenerator<{ readonly record: SessionRecord; readonly stored: string }> {
  for (let from = 1; from <= sessions; from += READ_MAX) {
    const count = Math.min(READ_MAX, sessions + 1 - from)
    const found = await store.sessions(Array.from({ length: count }, (_, i) => from + i))
    for (const [i, one] of found.entries()) {
      if (!one) throw new Error(`session ${from + i} is missing`)
      const record = readSession(one, one.sessionId)
      yield { record, stored: textOf(one, `session ${from + i}`) }
    }
  }
}

async function* personsOf(store: SpaceStore, ids: readonly Uuid[]): AsyncGenerator<ExportRecord> {
  for (let from = 0; from < ids.length; from += READ_MAX)
    for (const stored of await store.authors(ids.slice(from, from + READ_MAX)))
      if (stored)
        yield ['person', stored.authorId, textOf(stored, `the person of author ${stored.authorId}`)]
}

/** Refused numbers of a session whose rejections were deleted. */
async function* forgotten(store: SpaceStore, sessionId: Uuid): AsyncGenerator<ExportRecord> {
  const kept = new Set<number>()
  for await (const [, , , clientSeq] of rejectionsOf(store, sessionId)) kept.add(clientSeq)
  for (let from = 1; ;) {
    const runs = await store.ledgerRuns(sessionId, from, STORE_KEYS_MAX)
    const last = runs.at(-1)
    if (!last) return
    for (const { clientSeq, count, seq } of runs) {
      if (seq > 0) continue
      for (let no = clientSeq; no < clientSeq + count; no++)
        if (!kept.has(no)) yield ['refused', sessionId, no]
    }
    from = last.clientSeq + last.count
  }
}

async function* rejectionsOf(
  store: SpaceStore,
  sessionId: Uuid,
): AsyncGenerator<ExportRecord & readonly ['rejection', ...unknown[]]> {
  for (let from = 1; ;) {
    const found = await store.rejections(sessionId, from, READ_MAX)
    const last = found.at(-1)
    if (!last) return
    for (const stored of found) {
      const text = textOf(stored, `the rejection of message ${stored.msgId}`)
      yield ['rejection', stored.msgId, sessionId, stored.clientSeq, text]
    }
    from = last.clientSeq + 1
  }
}

async function* batchesIn(store: SpaceStore, end: number): AsyncGenerator<ExportRecord> {
  for (let seq = 0; seq < end;) {
    const found = await store.batches(seq, READ_BYTES)
    const last = found.at(-1)
    if (!last) throw new Error(`the log ends at seq ${seq}, and the head says ${end}`)
    for (const stored of found) {
      const { fromSeq, toSeq } = stored
      if (toSeq > end) return // committed since the start
      const place = `the batch of seqs ${fromSeq} to ${toSeq}`
      const seals = await store.seals(fromSeq)
      if (!seals) throw new Error(`the seals of ${place} are missing`)
      yield ['batch', fromSeq, toSeq, textOf(stored, place), textOf(seals, `the seals of ${place}`)]
    }
    seq = last.toSeq
  }
}

async function* proofsIn({ store, limits }: SpaceExportOptions): AsyncGenerator<ExportRecord> {
  for (let no = 1; no <= (limits?.evidenceMax ?? LIMITS.evidenceMax); no++) {
    const text = await store.meta(evidenceKey(no))
    if (text === undefined) return
    yield ['proof', text]
  }
}
