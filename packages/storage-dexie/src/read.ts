/**
 * Reads everything that is stored, at one moment: one readonly transaction over all stores.
 *
 * Records are read in bulk, without cursors. Segments and pages are read in several bulks of about
 * `bulkCharsAim`, because the browser decodes one answer in one task.
 */
import {
  type Advance,
  DRAFT_KEYS,
  type Segment,
  type Page,
  type StoredCheckpoint,
  type StoredSegment,
  type StoredState,
  outboxOrder,
} from '@countersign/core/ports'
import { ADVANCE, CHECKPOINT, type CheckpointFrame } from './schema.ts'
import { request, type Scope, transact } from './transact.ts'

/** Measured: one bulk of 26 million characters is a task of 50 to 62 ms. */
const bulkCharsAim = 1_000_000
const firstBulkRecords = 4
/**
 * The size of one bulk does not predict the next, so bulks grow in steps and shrink immediately.
 */
const bulkGrowthMax = 4
const bulkRecordsMax = 1024

/** Reads all stores; rejects with the browser's error. */
export function readState(database: IDBDatabase): Promise<StoredState> {
  return transact(database, 'readonly', async (scope) => {
    const [outboxKeys, meta, advance, checkpoint] = await Promise.all([
      request(scope.store('outbox').getAllKeys()),
      readMeta(scope),
      request<Advance | undefined>(scope.store('state').get(ADVANCE)),
      readCheckpoint(scope),
    ])
    const segments = await inBulk<StoredSegment>(
      scope.store('segments'),
      ({ order }) => order,
      // The record may be damaged, so `text` may have any type; the replica reports it.
      ({ text }) => charsOf(text),
    )
    const outbox = outboxOrder(segments, outboxKeys as string[])
    return { segments, outbox, meta, advance, checkpoint }
  })
}

/** Keys of the outbox and of drafts. */
export function readWaiting(database: IDBDatabase): Promise<readonly string[]> {
  return transact(database, 'readonly', async (scope) => {
    const [outbox, drafts] = await Promise.all([
      request(scope.store('outbox').getAllKeys()),
      request<Segment[]>(
        scope
          .store('segments')
          .index('key')
          .getAll(IDBKeyRange.bound(DRAFT_KEYS, `${DRAFT_KEYS}\uffff`)),
      ),
    ])
    return [...(outbox as string[]), ...drafts.map(({ key }) => key)].sort()
  })
}

async function readMeta(scope: Scope): Promise<ReadonlyMap<string, unknown>> {
  const store = scope.store('meta')
  const [keys, values] = await Promise.all([request(store.getAllKeys()), request(store.getAll())])
  return new Map(keys.map((key, index) => [key as string, values[index] as unknown]))
}

async function readCheckpoint(scope: Scope): Promise<StoredCheckpoint | undefined> {
  const frame: CheckpointFrame | undefined = await request(scope.store('state').get(CHECKPOINT))
  if (frame === undefined) return undefined
  const pages = await inBulk<Page>(
    scope.store('pages'),
    ({ no }) => no,
    ({ text }) => charsOf(text),
  )
  return { ...frame, pages }
}

function charsOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 1
}

/** All records of a store with number keys, in order. */
async function inBulk<T>(
  store: IDBObjectStore,
  keyOf: (record: T) => number,
  charsIn: (record: T) => number,
): Promise<readonly T[]> {
  const all: T[] = []
  let after = -Infinity
  let count = firstBulkRecords
  for (;;) {
    const bulk: T[] = await request(store.getAll(IDBKeyRange.lowerBound(after, true), count))
    for (const record of bulk) all.push(record)
    if (bulk.length < count) return all
    after = keyOf(all.at(-1) as T)
    const chars = bulk.reduce((sum, record) => sum + charsIn(record), 0)
    const fitting = Math.floor((bulkCharsAim * bulk.length) / Math.max(chars, 1))
    count = Math.min(Math.max(fitting, 1), count * bulkGrowthMax, bulkRecordsMax)
  }
}
