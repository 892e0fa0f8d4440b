/**
 * Writes one batch in one transaction: the order of its parts, the skipped parts, repeated keys.
 * Knows nothing of connections and retries, but is idempotent: a batch that was committed without
 * an answer changes nothing when it is written again.
 *
 * Records are written in steps of bounded size: a long batch is many short tasks.
 */
import type {
  Advance,
  Checkpoint,
  Page,
  Rewrite,
  Segment,
  StoredCheckpoint,
  StoredSegment,
  WriteBatch,
  Written,
} from '@countersign/core/ports'
import { ADVANCE, CHECKPOINT, RANK } from './schema.ts'
import { request, type Scope, transact } from './transact.ts'

/** Characters of a step, plus its last record; the browser clones some 1,000 a microsecond. */
const stepCharsAim = 2_000_000
const stepRecordsMax = 128
const droppedPerStepMax = 256

/** As `StorageHandle.write`. */
export function writeBatch(database: IDBDatabase, batch: WriteBatch): Promise<Written> {
  return transact(database, batch.durability, async (scope) => {
    if (batch.reset === true) await forgetCanonical(scope)
    const order = await writeRun(scope, batch)
    const isCheckpointStored =
      batch.checkpoint !== undefined && (await writeCheckpoint(scope, batch.checkpoint))
    writeRest(scope, batch)
    if (isCheckpointStored || batch.settled !== undefined)
      await dropSettled(scope, await storedRank(scope, CHECKPOINT))
    return { order, isCheckpointStored }
  })
}

/**
 * Issues all requests of an `atOnce` batch synchronously and commits it without waiting for an
 * answer, so it is stored even if the page ends next. A repeated key rejects with
 * ConstraintError, and nothing is stored.
 */
export function handOver(database: IDBDatabase, batch: WriteBatch): Promise<Written> {
  const { segments = [], meta = [] } = batch
  return transact(database, 'relaxed', (scope) => {
    const adding = segments.map((segment) => scope.store('segments').add(recordOf(segment)))
    for (const [key, value] of meta) scope.store('meta').put(value, key)
    const orders = Promise.all(adding.map(request))
    scope.transaction.commit?.()
    return orders.then((all) => ({
      order: (all.at(-1) as number | undefined) ?? 0,
      isCheckpointStored: false,
    }))
  })
}

/** Stores `value` under `key` unless it has one; resolves to the stored value, on disk. */
export function claimMeta(database: IDBDatabase, key: string, value: unknown): Promise<unknown> {
  return transact(database, 'strict', async (scope) => {
    const meta = scope.store('meta')
    if ((await request(meta.count(key))) > 0) return request(meta.get(key))
    meta.put(value, key)
    return value
  })
}

/** Writes segments and position. Resolves to the order of the last segment. */
async function writeRun(scope: Scope, batch: WriteBatch): Promise<number> {
  const { segments = [], advance } = batch
  const skipsTail = advance !== undefined && !(await isNext(scope, advance, batch.checkpoint))
  const lastOrder = await inSteps(segments, {
    charsOf: ({ text }) => text.length,
    place: (segment) =>
      skipsTail && segment.kind === 'tail' ? orderOf(scope, segment.key) : add(scope, segment),
  })
  if (advance !== undefined && !skipsTail) scope.store('state').put(advance, ADVANCE)
  return lastOrder ?? 0
}

/** Writes the parts that are never skipped. Not awaited: a failure aborts the transaction. */
function writeRest(scope: Scope, batch: WriteBatch): void {
  const outbox = scope.store('outbox')
  for (const key of batch.outboxAdd ?? []) outbox.put({ key })
  for (const key of batch.outboxRemove ?? []) outbox.delete(key)
  for (const { key, rank } of batch.settled ?? []) outbox.put({ key, rank })
  for (const [key, value] of batch.meta ?? []) scope.store('meta').put(value, key)
  for (const key of batch.metaRemove ?? []) scope.store('meta').delete(key)
  for (const key of batch.drop ?? []) dropDraft(scope.store('segments'), key)
  for (const rewrite of batch.rewrite ?? []) rewriteSegment(scope.store('segments'), rewrite)
}

/** Replaces the text of a stored segment, or deletes it. Not awaited, as above. */
function rewriteSegment(segments: IDBObjectStore, { key, to }: Rewrite): void {
  const finding: IDBRequest<StoredSegment | undefined> = segments.index('key').get(key)
  finding.onsuccess = () => {
    const found = finding.result
    if (found && to) segments.put({ ...found, ...to })
    else if (found) segments.delete(found.order)
  }
}

function dropDraft(segments: IDBObjectStore, key: string): void {
  const finding: IDBRequest<StoredSegment | undefined> = segments.index('key').get(key)
  finding.onsuccess = () => {
    if (finding.result?.kind === 'draft') segments.delete(finding.result.order)
  }
}

/** Whether it continues the stored position, without a gap that no checkpoint fills. */
async function isNext(
  scope: Scope,
  { rank, fromRank }: Advance,
  checkpoint: Checkpoint | undefined,
): Promise<boolean> {
  const stored = await storedRank(scope, ADVANCE)
  return rank > stored && (fromRank <= stored || checkpoint !== undefined)
}

async function storedRank(scope: Scope, name: typeof ADVANCE | typeof CHECKPOINT): Promise<number> {
  const stored: Advance | StoredCheckpoint | undefined = await request(
    scope.store('state').get(name),
  )
  return stored?.rank ?? 0
}

/** Adds, and reads only for a repeated key: repeats are rare and a read costs a round trip. */
function add(scope: Scope, segment: Segment): Promise<number> {
  return new Promise((resolve, reject) => {
    const adding = scope.store('segments').add(recordOf(segment))
    adding.onsuccess = () => resolve(adding.result as number)
    adding.onerror = (event) => {
      if (adding.error?.name !== 'ConstraintError') {
        reject(adding.error as DOMException)
        return
      }
      // Otherwise the repeated key would abort the whole batch.
      event.preventDefault()
      resolve(orderOf(scope, segment.key))
    }
  })
}

function recordOf({ key, kind, ids, text, check, rank }: Segment): Segment {
  return { key, kind, ids, text, check, ...(rank !== undefined && { rank }) }
}

async function orderOf(scope: Scope, key: string): Promise<number> {
  const order = await request(scope.store('segments').index('key').getKey(key))
  return (order as number | undefined) ?? 0
}

/**
 * Writes a checkpoint, unless the stored one is as new, its rank is above the position, or its base
 * is not the stored one. Resolves to whether it is stored, also by an earlier unanswered try.
 */
async function writeCheckpoint(scope: Scope, checkpoint: Checkpoint): Promise<boolean> {
  const { base, pages, ...frame } = checkpoint
  const stored: StoredCheckpoint | undefined = await request(scope.store('state').get(CHECKPOINT))
  if (stored?.name === frame.name) return true
  if (frame.rank <= (stored?.rank ?? 0)) return false
  if (frame.rank > (await storedRank(scope, ADVANCE))) return false
  if (base !== undefined && base !== stored?.name) return false
  if (base === undefined) clearPages(scope)
  await inSteps(pages, {
    charsOf: ({ text, keys }) => text.length + (keys?.text.length ?? 0),
    place: (page) => putPage(scope, page),
  })
  scope.store('state').put(frame satisfies StoredCheckpoint, CHECKPOINT)
  await dropTail(scope, frame.rank)
  return true
}

async function putPage(scope: Scope, { no, text, check, keys }: Page): Promise<IDBValidKey> {
  if (keys) scope.store('keys').put({ text: keys.text, check: keys.check }, no)
  else scope.store('keys').delete(no)
  return request(scope.store('pages').put({ no, text, check }, no))
}

function clearPages(scope: Scope): void {
  scope.store('pages').clear()
  scope.store('keys').clear()
}

async function forgetCanonical(scope: Scope): Promise<void> {
  clearPages(scope)
  scope.store('state').delete(CHECKPOINT)
  scope.store('state').delete(ADVANCE)
  await dropTail(scope, Infinity)
  await dropSettled(scope, Infinity)
}

/** Deletes the settled segments up to that rank, with their entries in the outbox. */
async function dropSettled(scope: Scope, throughRank: number): Promise<void> {
  const [outbox, segments] = [scope.store('outbox'), scope.store('segments')]
  const settled = IDBKeyRange.upperBound(throughRank)
  for (let full = true; full;) {
    const keys = await request(outbox.index(RANK).getAllKeys(settled, droppedPerStepMax))
    const orders = await Promise.all(keys.map((key) => orderOf(scope, key as string)))
    for (const order of orders) if (order > 0) segments.delete(order)
    for (const key of keys) outbox.delete(key)
    full = keys.length === droppedPerStepMax
  }
}

async function dropTail(scope: Scope, throughRank: number): Promise<void> {
  const segments = scope.store('segments')
  const tail = IDBKeyRange.upperBound(throughRank)
  for (let full = true; full;) {
    const orders = await request(segments.index(RANK).getAllKeys(tail, droppedPerStepMax))
    for (const order of orders) segments.delete(order)
    full = orders.length === droppedPerStepMax
  }
}

/**
 * Places all items, a step at a time; resolves to the result of the last one. `place` must reject,
 * not throw, so that `all` handles its error like those of the step's other requests.
 */
async function inSteps<T, R>(
  items: readonly T[],
  how: { charsOf(item: T): number; place(item: T, index: number): Promise<R> },
): Promise<R | undefined> {
  let last: R | undefined
  for (let next = 0; next < items.length;) {
    const step: Promise<R>[] = []
    let chars = 0
    while (next < items.length && chars < stepCharsAim && step.length < stepRecordsMax) {
      const item = items[next] as T
      chars += how.charsOf(item)
      step.push(how.place(item, next++))
    }
    last = (await Promise.all(step)).at(-1)
  }
  return last
}
