/**
 * Messages and histories of entities as plain records, for devtools. Names stand in the place
 * of references; an id that nobody has needed yet is not made for being looked at.
 */
import type { Json } from '../base/json.ts'
import { nameOf } from '../inspect/event-ring.ts'
import { reviewRecord } from '../inspect/feed.ts'
import type {
  ChangeRecord,
  Dag,
  DagNode,
  EntityName,
  FieldRecord,
  MessageRecord,
  RowRecord,
} from '../inspect/records.ts'
import { ANSWER_MESSAGES_MAX, DAG_NODES_MAX, type RequestOf } from '../inspect/requests.ts'
import { rowAt } from '../inspect/row-at.ts'
import type { Entry, Write } from '../log/entry.ts'
import { compareOrder, orderKeyOf } from '../log/order.ts'
import { messageBytes } from '../messaging/message-size.ts'
import type { Reg } from '../schema/registers.ts'
import type { Replica } from './replica.ts'
import { type RefusedRecords, refusedRecords } from './refused-records.ts'
import { createdOf, headsOf, liveWritesOf } from '../fold/state.ts'
import type { Table } from '../repo/table.ts'

/** What is known here, what waits and what was refused, newest last. */
export function messagesOf(replica: Replica, request: RequestOf<'messages'>): MessageRecord[] {
  const ownId = replica.identity?.session.authorId
  const refused = refusedRecords(replica, request.values)
  const entries = new Set<Entry>(replica.repo.messages.entries())
  for (const entry of [...replica.outbox.open(), ...refused.entries]) entries.add(entry)
  const isOwn = (entry: Entry): boolean =>
    // By its author, or taken over from an earlier session of this device.
    entry.session.authorId === ownId ||
    replica.outbox.holds(entry) ||
    refused.of(entry) !== undefined
  const { which, values } = request
  const limit = Math.min(request.limit ?? ANSWER_MESSAGES_MAX, ANSWER_MESSAGES_MAX)
  const found = [...entries]
    .filter((entry) =>
      typeof which === 'object' ? nameOf(entry) === which.name : which === 'all' || isOwn(entry),
    )
    .sort(compareEntries)
    .slice(-limit)
    .map((entry) => recordOf(entry, { own: isOwn(entry), values, refused }))
  const earlier = refused.earlier.filter(
    ({ name }) => typeof which !== 'object' || name === which.name,
  )
  // What an earlier session left stands before all that this one has written and nobody reviewed.
  const place = found.findIndex(({ review }) => !review)
  found.splice(place < 0 ? found.length : place, 0, ...earlier)
  return found.slice(-limit)
}

function recordOf(
  entry: Entry,
  { own, values, refused }: { own: boolean; values: boolean; refused: RefusedRecords },
): MessageRecord {
  const { rejection } = entry
  return {
    name: nameOf(entry),
    id: entry.identified ? entry.id : undefined,
    authorId: entry.session.authorId,
    sessionId: entry.session.sessionId,
    clientSeq: entry.clientSeq,
    own,
    state: entry.state,
    timestamp: entry.timestamp,
    bytes: messageBytes(entry.writes, entry),
    arrival: entry.arrival,
    changes: entry.writes.map((write) => changeOf(write, values)),
    review: entry.review && reviewRecord(entry.review),
    refusal: rejection && { reason: rejection.reason, detail: rejection.detail },
    ...refused.of(entry),
  }
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.review && b.review) return a.review.epoch - b.review.epoch || a.review.seq - b.review.seq
  if (a.review) return -1
  if (b.review) return 1
  return a.arrival - b.arrival
}

function changeOf(write: Write, values: boolean): ChangeRecord {
  const { names } = write.regs
  const keep = keepOf(write)
  return {
    type: write.type,
    id: write.entityId,
    kind: write.kind,
    version: write.version,
    regs: names,
    ...(values && { values: names.map((reg) => write.values[reg] ?? null) }),
    parents: write.parents.map((parent) => nameOf(parent.entry)),
    ...(keep && { keep }),
  }
}

function keepOf(write: Write): Record<Reg, readonly string[]> | undefined {
  return (
    write.keep &&
    Object.fromEntries(
      [...write.keep].map(([reg, writes]) => [reg, writes.map(({ entry }) => nameOf(entry))]),
    )
  )
}

/** The history of an entity, newest nodes first kept. */
export function dagOf(replica: Replica, { type, id }: EntityName): Dag | undefined {
  const table = tableNamed(replica, type)
  const writes = table && historyOf(table, id)
  if (!writes) return undefined
  const kept = writes.slice(-DAG_NODES_MAX)
  return {
    type,
    id,
    nodes: kept.map(nodeOf),
    cut: kept.length < writes.length || !isWhole(kept),
    viewerId: replica.identity?.session.authorId,
  }
}

/** A request makes no tables. */
export function tableNamed(replica: Replica, type: string): Table | undefined {
  for (const table of replica.repo.tables()) if (table.entity.name === type) return table
  return undefined
}

/** Every write that can be reached, in canonical order. */
function historyOf(table: Table, id: string): Write[] | undefined {
  const { states, pending } = table.standing(id)
  if (states.length === 0) return undefined
  const roots = states.flatMap((state) => [
    ...headsOf(state),
    ...liveWritesOf(state),
    createdOf(state),
  ])
  const seen = new Set<Write>([...roots, ...pending])
  const open = [...seen]
  for (let write = open.pop(); write; write = open.pop()) {
    for (const parent of write.parents) {
      if (seen.has(parent)) continue
      seen.add(parent)
      open.push(parent)
    }
  }
  return [...seen].sort(compareOrder)
}

/** A snapshot names what stands now, and no session; what was before it is not here. */
function isWhole(writes: readonly Write[]): boolean {
  return writes.every(
    ({ entry, kind, parents }) =>
      entry.session.sessionId !== '' && (parents.length > 0 || kind === 'create'),
  )
}

function nodeOf(write: Write): DagNode {
  const { entry } = write
  const values: Record<Reg, Json> = {}
  for (const reg of write.regs.names) values[reg] = write.values[reg] ?? null
  return {
    name: nameOf(entry),
    id: entry.identified ? entry.id : undefined,
    authorId: entry.session.authorId,
    state: entry.state,
    timestamp: entry.timestamp,
    arrival: entry.arrival,
    review: entry.review && reviewRecord(entry.review),
    orderKey: orderKeyOf(write),
    kind: write.kind,
    version: write.version,
    values,
    parents: write.parents.map((parent) => nameOf(parent.entry)),
    keep: keepOf(write),
  }
}

/**
 * A row at some moment. Of the present, which fields are in conflict is the store's own word,
 * since a type may have policies for them.
 */
export function rowNow(
  replica: Replica,
  name: EntityName,
  upTo: string | undefined,
): RowRecord | undefined {
  const dag = dagOf(replica, name)
  const row = dag && rowAt(dag, upTo)
  const shown = tableNamed(replica, name.type)?.row(name.id)
  if (!row || !shown || upTo !== undefined) return row
  const { entity } = tableNamed(replica, name.type)!
  const conflicts = shown.$conflicts
  const fields = row.fields.map((field): FieldRecord => {
    const called = entity.fieldAt(field.reg)?.name ?? field.reg
    const conflict = Object.hasOwn(conflicts, called)
    return { ...field, conflict, base: conflict ? field.base : undefined }
  })
  return { ...row, fields, archived: shown.$archived }
}
