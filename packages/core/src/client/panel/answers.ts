/**
 * Answers requests of devtools with the state of the store as plain records. Read only. Loaded on
 * the first request, so that an app without devtools does not load it.
 */
import { type Bytes, NO_BYTES, addBytes, utf8Bytes } from '../../base/size.ts'
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { unreachable } from '../../base/assert.ts'
import type {
  CoverageRecord,
  EpochSummary,
  QueryRecord,
  RowSummary,
  ScopeSummary,
  StoragePart,
  StorageRecord,
  SyncRecord,
  TypeRecord,
} from '../../inspect/records.ts'
import {
  ANSWER_ROWS_MAX,
  type Answers,
  type InspectRequest,
  type RequestOf,
} from '../../inspect/requests.ts'
import {
  type Page,
  type Storage,
  type StorageHandle,
  type StoredState,
  allPages,
} from '../../ports/storage.ts'
import type { Table } from '../../rows/table.ts'
import type { AnyRow } from '../../schema/types.ts'
import type { Bound } from '../../wire/scope-range.ts'
import type { Scope } from '../../wire/scopes.ts'
import { dagOf, rowNow } from './dag.ts'
import { messagesOf, tableNamed } from './histories.ts'
import { statesOf } from './states.ts'
import { rowInVersion, versionsOf } from './versions.ts'
import type { Inspected } from './looked-at.ts'
import type { ReplicaOptions } from '../options.ts'
import type { Replica } from '../replica.ts'

/** Answers one request of the devtools. Rejects where the storage cannot be read. */
export async function answer(
  inspected: Inspected,
  request: InspectRequest,
): Promise<Answers[InspectRequest['kind']]> {
  const { store, replica, queries, options } = inspected
  switch (request.kind) {
    case 'sync':
      return syncOf(replica, options.space)
    case 'lineage':
      return lineageOf(replica)
    case 'coverage':
      return coverageOf(replica)
    case 'types':
      return store.entities.map((entity) => typeOf(replica.repo.table(entity)))
    case 'messages':
      return messagesOf(inspected, request)
    case 'rows':
      return rowsOf(replica, request)
    case 'states':
      return statesOf(replica)
    case 'dagOf':
      return dagOf(replica, request)
    case 'rowAt':
      return rowNow(replica, request, request.upTo)
    case 'rowInVersion':
      return rowInVersion(replica, request)
    case 'queries':
      return [...queries.open].map((query): QueryRecord => ({
        type: query.asked.type,
        query: queryJson(query.asked.query),
        complete: query.snapshot().complete,
        ...query.stats,
      }))
    case 'storage':
      return storageOf(replica, options)
    default:
      return unreachable(request)
  }
}

function lineageOf({ changeOver }: Replica): readonly EpochSummary[] {
  const lineage = changeOver.lineages.followed
  if (!lineage) return []
  return [...lineage.epochs, ...lineage.parted].map((epoch): EpochSummary => {
    const { eid, epoch: number, why, at, seq, prev } = epoch
    const continues = prev && { epoch: prev.epoch, seq: prev.seq }
    return { eid, epoch: number, why, at, seq, continues, isFollowed: lineage.isOn(eid) }
  })
}

function coverageOf({ scopes }: Replica): CoverageRecord {
  if (!scopes) return { scopes: undefined, pagesAsked: 0 }
  const summaries = scopes.followed.map(({ scope, holders, isCovered }): ScopeSummary => {
    return { type: scope.type, where: conditionsOf(scope), holders, isCovered }
  })
  return { scopes: summaries, pagesAsked: scopes.asked.size }
}

/** The conditions of a scope, as a `where` has them. */
function conditionsOf({ equal, range, ids }: Scope): Json {
  const bounds = (side: Bound | undefined, name: string): Record<string, Json> =>
    side ? { [side.isIn ? `${name}e` : name]: side.value } : {}
  return {
    ...Object.fromEntries(equal),
    ...(range && { [range.reg]: { ...bounds(range.from, 'gt'), ...bounds(range.to, 'lt') } }),
    ...(ids && { id: { in: [...ids] } }),
  }
}

function syncOf(replica: Replica, space: Uuid): SyncRecord {
  const { status, outbox } = replica
  const now = status.getState()
  return {
    space,
    authorId: now.authorId,
    sessionId: now.sessionId,
    reviewerId: now.reviewerId,
    connection: now.connection,
    connectionNote: now.connectionNote && replica.person.redacted(now.connectionNote),
    caughtUp: now.caughtUp,
    position: replica.position,
    provisional: now.provisional,
    outboxMessages: outbox.size,
    outboxBytes: outbox.bytes,
    outboxOldestAt: outbox.oldestAt,
    rejectedMessages: now.rejectedMessages,
    storage: now.storage,
    storageTrouble: now.storageTrouble,
    storageHealth: now.storageHealth,
    halted: now.halted,
  }
}

function typeOf(table: Table): TypeRecord {
  const { entity } = table
  return {
    name: entity.name,
    version: entity.currentVersion,
    versions: versionsOf(entity),
    rows: table.size,
    registers: [...table.registers.names],
    indexes: [...entity.indexes.keys()],
  }
}

function rowsOf(replica: Replica, { type, find }: RequestOf<'rows'>): RowSummary[] {
  const table = tableNamed(replica, type)
  const wanted = find?.trim().toLowerCase() ?? ''
  const found: RowSummary[] = []
  for (const row of table?.rows() ?? []) {
    const title = titleOf(row)
    if (wanted !== '' && !`${row.id} ${title}`.toLowerCase().includes(wanted)) continue
    found.push({
      id: row.id,
      title,
      state: row.$state,
      archived: row.$archived,
      conflicts: Object.keys(row.$conflicts).length,
      orderKey: row.$orderKey,
    })
    if (found.length >= ANSWER_ROWS_MAX) break
  }
  return found
}

function titleOf(row: AnyRow): string {
  for (const [field, value] of Object.entries(row)) {
    if (field !== 'id' && typeof value === 'string' && value !== '') return value.slice(0, 80)
  }
  return ''
}

async function storageOf(
  replica: Replica,
  { storage: from }: ReplicaOptions,
): Promise<StorageRecord> {
  const { storage, storageTrouble } = replica.status.getState()
  const { state: stored, pages } = await storedOf(from, replica.person.partition)
  return {
    health: storage,
    trouble: storageTrouble,
    parts: stored && partsOf(stored, pages),
    outboxFlushes: stored?.outbox.length ?? 0,
    rank: stored?.advance?.rank,
    checkpointRank: stored?.checkpoint?.rank,
  }
}

/** Reads through a handle of its own, like another tab. Errors are ignored: the status shows them. */
async function storedOf(
  from: Storage | undefined,
  partition: Uuid,
): Promise<{ readonly state?: StoredState | undefined; readonly pages: readonly Page[] }> {
  let handle: StorageHandle | undefined
  try {
    handle = await from?.open(() => {}, partition)
    const state = await handle?.read()
    const { name } = state?.checkpoint ?? {}
    const pages = name === undefined ? undefined : await allPages(handle!, name) // it was read by this one
    return { state, pages: pages ?? [] }
  } catch {
    return { pages: [] }
  } finally {
    await handle?.close()
  }
}

/** Record counts and sizes of the stored parts, without their content. */
function partsOf({ segments }: StoredState, stored: readonly Page[]): StoragePart[] {
  const parts = (['own', 'tail', 'rejections'] as const).map((kind): StoragePart => {
    const ofKind = segments.filter(
      (stored) => kind === (stored.kind === 'draft' ? 'own' : stored.kind),
    )
    const texts = ofKind.map(({ text }) => text)
    return { kind, records: texts.length, bytes: bytesOfAll(texts) }
  })
  const pages = stored.flatMap(({ text, keys }) => (keys ? [text, keys.text] : [text]))
  return [...parts, { kind: 'checkpoint', records: pages.length, bytes: bytesOfAll(pages) }]
}

function bytesOfAll(texts: readonly string[]): Bytes {
  return texts.map(utf8Bytes).reduce(addBytes, NO_BYTES)
}

/** A query as JSON; a bigint becomes its decimal text. */
function queryJson(query: unknown): Json {
  return JSON.parse(
    JSON.stringify(query, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ) ?? 'null',
  ) as Json
}
