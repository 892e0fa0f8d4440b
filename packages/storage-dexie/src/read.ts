/**
 * Reads the stored data at one moment: one readonly transaction over all stores. The pages of the
 * checkpoint are read in a transaction of their own, in the order that their reader chooses.
 *
 * Records are read in bulk, without cursors. Segments are read in several bulks of about
 * `bulkCharsAim`, because the browser decodes one answer in one task.
 */
import {
  type Advance,
  DRAFT_KEYS,
  type Segment,
  type Page,
  type PageKeys,
  type PageReading,
  type StoredCheckpoint,
  type StoredSegment,
  type StoredState,
  outboxOrder,
} from '@countersign/core/ports'
import { ADVANCE, CHECKPOINT } from './schema.ts'
import { request, type Scope, transact } from './transact.ts'

/** Measured: one bulk of 26 million characters is a task of 50 to 62 ms. */
const bulkCharsAim = 1_000_000
const firstBulkRecords = 4
/**
 * The size of one bulk does not predict the next, so bulks grow in steps and shrink immediately.
 */
const bulkGrowthMax = 4
const bulkRecordsMax = 1024

/** Reads all stores but the pages; rejects with the browser's error. */
export function readState(database: IDBDatabase): Promise<StoredState> {
  return transact(database, 'readonly', async (scope) => {
    const [outboxKeys, meta, advance, checkpoint] = await Promise.all([
      request(scope.store('outbox').getAllKeys()),
      readMeta(scope),
      request<Advance | undefined>(scope.store('state').get(ADVANCE)),
      request<StoredCheckpoint | undefined>(scope.store('state').get(CHECKPOINT)),
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

/** As `StorageHandle.pages`; rejects with the browser's error. */
export function readPages(
  database: IDBDatabase,
  checkpoint: string,
  reading: PageReading,
): Promise<boolean> {
  return transact(database, 'readonly', async (scope) => {
    const stored: StoredCheckpoint | undefined = await request(scope.store('state').get(CHECKPOINT))
    if (stored?.name !== checkpoint) return false
    const [numbers, keyNumbers, keys] = await Promise.all([
      request(scope.store('pages').getAllKeys()),
      request(scope.store('keys').getAllKeys()),
      request<PageKeys[]>(scope.store('keys').getAll()),
    ])
    const pairs = keyNumbers.map((no, i) => [no as number, keys[i]!] as const) // read together
    reading.begin({ numbers: numbers as number[], keys: new Map(pairs) })
    for (let next = reading.next(); next.length > 0; next = reading.next()) {
      const runs = runsOf(next).map((run) => request<Page[]>(scope.store('pages').getAll(run)))
      for (const pages of runs) reading.take(await pages)
    }
    return true
  })
}

/** Ranges of consecutive numbers: one request for each. */
function runsOf(numbers: readonly number[]): IDBKeyRange[] {
  const sorted = [...numbers].sort((a, b) => a - b)
  const starts = sorted.flatMap((no, i) => (i > 0 && sorted[i - 1] === no - 1 ? [] : [i]))
  return starts.map((start, i) => {
    const end = (starts[i + 1] ?? sorted.length) - 1
    return IDBKeyRange.bound(sorted[start], sorted[end])
  })
}

async function readMeta(scope: Scope): Promise<ReadonlyMap<string, unknown>> {
  const store = scope.store('meta')
  const [keys, values] = await Promise.all([request(store.getAllKeys()), request(store.getAll())])
  return new Map(keys.map((key, index) => [key as string, values[index] as unknown]))
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
