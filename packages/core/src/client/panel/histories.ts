/**
 * Messages as plain records, for devtools, referenced by name. Reading a record never computes the
 * id of a message that has none yet, because an id costs a hash.
 */
import type { Uuid } from '../../base/uuid.ts'
import { nameOf } from '../../inspect/event-ring.ts'
import { reviewRecord } from '../../inspect/feed.ts'
import type { ChangeRecord, MessageRecord } from '../../inspect/records.ts'
import { ANSWER_MESSAGES_MAX, type RequestOf } from '../../inspect/requests.ts'
import type { Entry, Write } from '../../history/entry.ts'
import { keeps, saw } from '../../history/saw.ts'
import { messageBytes } from '../../sync/message-size.ts'
import type { Reg } from '../../schema/registers.ts'
import type { Replica } from '../replica.ts'
import type { Inspected } from './looked-at.ts'
import { type RefusedRecords, refusedRecords } from './refused-records.ts'
import { standingWrites } from '../../fold/state.ts'
import type { Table } from '../../rows/table.ts'

/** The known, pending and refused messages, newest last. */
export function messagesOf(
  { replica, recent }: Inspected,
  request: RequestOf<'messages'>,
): MessageRecord[] {
  const ownId = replica.identity?.session.authorId
  const refused = refusedRecords(replica, request.values)
  // By name, because a snapshot creates new entries for messages that came live.
  const entries = new Map<string, Entry>()
  for (const entry of [
    ...standingEntries(replica),
    ...recent(),
    ...replica.repo.messages.entries(),
    ...replica.outbox.open(),
    ...refused.entries,
  ])
    entries.set(nameOf(entry), entry)
  const isOwn = (entry: Entry): boolean =>
    // Of this author, or adopted from an earlier session of this device.
    entry.session.authorId === ownId ||
    replica.outbox.holds(entry) ||
    refused.of(entry) !== undefined
  const { which, values } = request
  const limit = Math.min(request.limit ?? ANSWER_MESSAGES_MAX, ANSWER_MESSAGES_MAX)
  const ordered = [...entries.values()].sort(compareEntries)
  const basisOf = basisAmong(ordered)
  const found = ordered
    .filter((entry) =>
      typeof which === 'object' ? nameOf(entry) === which.name : which === 'all' || isOwn(entry),
    )
    .slice(-limit)
    .map((entry) => recordOf(entry, { own: isOwn(entry), values, refused, basisOf }))
  const earlier = refused.earlier.filter(
    ({ name }) => typeof which !== 'object' || name === which.name,
  )
  // Messages of earlier sessions come before the unreviewed ones of this session.
  const place = found.findIndex(({ review }) => !review)
  found.splice(place < 0 ? found.length : place, 0, ...earlier)
  return found.slice(-limit)
}

/** The canonical messages that the store still has: those with heads or live writes. */
function* standingEntries({ repo }: Replica): IterableIterator<Entry> {
  for (const table of repo.tables()) {
    for (const { id } of table.rows())
      // Every row has a state.
      for (const write of standingWrites(table.state(id)!)) yield write.entry
  }
}

function recordOf(
  entry: Entry,
  {
    own,
    values,
    refused,
    basisOf,
  }: { own: boolean; values: boolean; refused: RefusedRecords; basisOf: BasisOf },
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
    changes: entry.writes.map((write) => changeOf(write, values, basisOf(write))),
    review: entry.review && reviewRecord(entry.review),
    refusal: rejection && { reason: rejection.reason, detail: rejection.detail },
    ...refused.of(entry),
  }
}

interface Basis {
  /** Names of the parents of a write, as far as they are known. */
  readonly parents: readonly string[]
  readonly keep: Record<Reg, readonly string[]> | undefined
}

type BasisOf = (write: Write) => Basis | undefined

/** The parents of each write among these entries, which are in canonical order. */
function basisAmong(ordered: readonly Entry[]): BasisOf {
  const earlier = new Map<Uuid, Write[]>()
  const found = new Map<Write, Basis>()
  for (const write of ordered.flatMap(({ writes }) => writes)) {
    const before = earlier.get(write.entityId) ?? []
    const parents = write.parents.length > 0 ? write.parents : newestSeen(write, before)
    found.set(write, {
      parents: parents.map((parent) => nameOf(parent.entry)),
      keep: keepOf(write, before),
    })
    before.push(write)
    earlier.set(write.entityId, before)
  }
  return (write) => found.get(write)
}

/** The heads among the writes that the author had seen: those that no other seen write had seen. */
export function newestSeen(write: Write, before: readonly Write[]): readonly Write[] {
  const newest: Write[] = []
  for (const other of [...before].reverse()) {
    if (saw(write, other) && !newest.some((parent) => saw(parent, other))) newest.push(other)
  }
  return newest.reverse()
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.review && b.review) return a.review.epoch - b.review.epoch || a.review.seq - b.review.seq
  if (a.review) return -1
  if (b.review) return 1
  return a.arrival - b.arrival
}

function changeOf(write: Write, values: boolean, basis: Basis | undefined): ChangeRecord {
  const { names } = write.regs
  return {
    type: write.type,
    id: write.entityId,
    kind: write.kind,
    version: write.version,
    regs: names,
    ...(values && { values: names.map((reg) => write.values[reg] ?? null) }),
    parents: basis?.parents ?? [],
    ...(basis?.keep && { keep: basis.keep }),
  }
}

/** Names of the writes that `write` keeps, by register, among the given ones. */
export function keepOf(
  write: Write,
  among: readonly Write[],
): Record<Reg, readonly string[]> | undefined {
  const { keep } = write
  if (!keep) return undefined
  const kept = (reg: Reg): readonly string[] =>
    among.filter((other) => keeps(write, reg, other)).map(({ entry }) => nameOf(entry))
  return Object.fromEntries([...keep.keys()].map((reg) => [reg, kept(reg)]))
}

/** The table of a type; undefined for an unknown one. A request never creates a table. */
export function tableNamed(replica: Replica, type: string): Table | undefined {
  for (const table of replica.repo.tables()) if (table.entity.name === type) return table
  return undefined
}
