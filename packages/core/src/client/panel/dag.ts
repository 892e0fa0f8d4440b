/**
 * The history of an entity as a DAG, for devtools. A store has only the writes that still count; the
 * rest is fetched from the reviewer while there is a link.
 */
import type { Json } from '../../base/json.ts'
import type { Uuid } from '../../base/uuid.ts'
import { standingWrites } from '../../fold/state.ts'
import type { Write } from '../../history/entry.ts'
import { compareOrder, orderKeyOf } from '../../history/order.ts'
import { nameOf } from '../../inspect/event-ring.ts'
import { reviewRecord } from '../../inspect/feed.ts'
import type { Dag, DagNode, EntityName, FieldRecord, RowRecord } from '../../inspect/records.ts'
import { DAG_NODES_MAX } from '../../inspect/requests.ts'
import { rowAt } from '../../inspect/row-at.ts'
import type { Table } from '../../rows/table.ts'
import type { Reg } from '../../schema/registers.ts'
import { keepOf, newestSeen, tableNamed } from './histories.ts'
import { toldWrite } from '../reads/history.ts'
import type { Replica } from '../replica.ts'

interface Known {
  /** In canonical order. */
  readonly writes: readonly Write[]
  readonly isWhole: boolean
}

/** The history of an entity; only its newest nodes where there are too many. */
export async function dagOf(replica: Replica, { type, id }: EntityName): Promise<Dag | undefined> {
  const table = tableNamed(replica, type)
  if (!table?.state(id)) return undefined
  const { writes, isWhole } = await knownWrites(replica, table, id)
  const kept = writes.slice(-DAG_NODES_MAX)
  return {
    type,
    id,
    nodes: kept.map((write, at) => nodeOf(write, kept.slice(0, at))),
    cut: kept.length < writes.length || !isWhole,
    viewerId: replica.identity?.session.authorId,
  }
}

async function knownWrites(replica: Replica, table: Table, id: Uuid): Promise<Known> {
  const pending = table.pending(id)
  // The caller has checked that the row exists.
  const standing = [...standingWrites(table.state(id)!)]
  const told = await replica.messagesOf(id).catch(() => undefined)
  if (!told) {
    const writes = [...new Set([...standing, ...pending])].sort(compareOrder)
    return { writes, isWhole: writes.every(({ entry }) => entry.review === null) }
  }
  const reviewed = told.messages.map((message) => toldWrite(message, table.registers))
  const last = reviewed.at(-1)?.entry.review?.seq ?? 0
  // Writes that became canonical while the answer was in flight.
  const newer = standing.filter(({ entry }) => (entry.review?.seq ?? 0) > last)
  return { writes: [...reviewed, ...newer, ...pending], isWhole: told.complete }
}

function nodeOf(write: Write, before: readonly Write[]): DagNode {
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
    parents: newestSeen(write, before).map((parent) => nameOf(parent.entry)),
    keep: keepOf(write, before),
  }
}

/**
 * A row at a point of its history. For the present, the conflicts come from the store, because a
 * type may have merge policies.
 */
export async function rowNow(
  replica: Replica,
  name: EntityName,
  upTo: string | undefined,
): Promise<RowRecord | undefined> {
  const dag = await dagOf(replica, name)
  return dag && rowOfDag(replica, dag, upTo)
}

/** The same, from a history that was fetched before. */
export function rowOfDag(replica: Replica, dag: Dag, upTo?: string): RowRecord | undefined {
  const row = rowAt(dag, upTo)
  const table = tableNamed(replica, dag.type)
  const shown = table?.row(dag.id)
  if (!row || !table || !shown || upTo !== undefined) return row
  const { entity } = table
  const conflicts = shown.$conflicts
  const fields = row.fields.map((field): FieldRecord => {
    const called = entity.fieldAt(field.reg)?.name ?? field.reg
    const conflict = Object.hasOwn(conflicts, called)
    return { ...field, conflict, base: conflict ? field.base : undefined }
  })
  return { ...row, fields, archived: shown.$archived }
}
