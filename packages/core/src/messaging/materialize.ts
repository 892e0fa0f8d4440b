/**
 * From what a write recorded to the message that is hashed, sealed and sent, and back. Off
 * the write path: this runs at the flush, parents first, or when somebody asks for an id.
 */
import { toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import type { Hash } from '../base/hash.ts'
import { type Uuid } from '../base/uuid.ts'
import { Entry, type SessionRef, Write } from '../log/entry.ts'
import type { MessageIndex } from '../log/messages.ts'
import { identify, leafHash } from '../message/ids.ts'
import {
  type Change,
  type ChangeMeta,
  type Message,
  type MessageHeader,
  WIRE_VERSION,
} from '../message/message.ts'
import type { Random } from '../ports/random.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'

/** What all messages of one session share. */
export interface SessionFacts {
  readonly space: Uuid
  readonly session: SessionRef
  readonly personalCommit: Hash
  /** The earlier session of this author that minted an entity, where it was not this one. */
  readonly mintedIn?: (entityId: Uuid) => Uuid | undefined
}

/** A salt for each change of an entry. */
export function drawSalts(entry: Entry, random: Random): readonly string[] {
  return entry.writes.map(() => toBase64url(random.bytes(16)))
}

/** Makes the message of an entry of this session, and gives the entry its id. */
export function materialize(entry: Entry, facts: SessionFacts, salts: readonly string[]): Message {
  const changes = entry.writes.map((write, i) => changeOf(write, facts, salts[i]!))
  const message = messageOf(entry, facts, changes)
  entry.identify(message.id, message.hash)
  return message
}

/** The message of these changes, with its id. */
export function messageOf(
  { clientSeq, timestamp, expect }: Pick<Entry, 'clientSeq' | 'timestamp' | 'expect'>,
  { space, session, personalCommit }: SessionFacts,
  changes: readonly Change[],
): Message {
  const header: MessageHeader = {
    v: WIRE_VERSION,
    space,
    authorId: session.authorId,
    sessionId: session.sessionId,
    clientSeq,
    timestamp,
    personalCommit,
    leaves: changes.map(leafHash),
    ...(expect && { expect }),
  }
  return { ...identify(header), header, changes }
}

function changeOf(write: Write, { mintedIn }: SessionFacts, salt: string): Change {
  const sid = write.kind === 'create' ? mintedIn?.(write.entityId) : undefined
  const meta: ChangeMeta = {
    type: write.type,
    entityId: write.entityId,
    ...(sid !== undefined && { sid }),
    kind: write.kind,
    schemaVersion: write.version,
    parentCanonicalIds: sortedIds(write.parents),
    regs: write.regs.names,
    ...(write.keep && { keep: keepIds(write.keep) }),
  }
  return { meta, values: write.regs.names.map((reg) => write.values[reg]!), salt }
}

function keepIds(keep: ReadonlyMap<Reg, readonly Write[]>): Record<Reg, readonly Uuid[]> {
  const ids: Record<Reg, readonly Uuid[]> = {}
  for (const [reg, writes] of keep) ids[reg] = sortedIds(writes)
  return ids
}

function sortedIds(writes: readonly Write[]): readonly Uuid[] {
  if (writes.length === 1) return [writes[0]!.entry.id]
  return writes.map((write) => write.entry.id).sort()
}

/** What stands in the way of taking in a message: parents this replica does not know. */
export interface MissingParents {
  readonly entityIds: readonly Uuid[]
}

export interface IntakeContext {
  readonly index: Pick<MessageIndex, 'writeOf'>
  readonly session: SessionRef
  readonly arrival: number
  readonly tableOf: (type: string) => RegisterTable
  /** Entities whose state will be replaced whole: their parents need not be known. */
  readonly skip?: ReadonlySet<Uuid> | undefined
}

/** The entry of a verified message, its writes linked to their parents. */
export function intake(message: Message, context: IntakeContext): Entry | MissingParents {
  const missing: Uuid[] = []
  const { header } = message
  const entry = new Entry({
    session: context.session,
    clientSeq: header.clientSeq,
    timestamp: header.timestamp,
    arrival: context.arrival,
    expect: header.expect,
  })
  for (const [index, change] of message.changes.entries()) {
    if (!change) continue
    const { meta } = change
    const find = (id: Uuid): Write | undefined => context.index.writeOf(id, meta.entityId)
    const parents = meta.parentCanonicalIds.map(find).filter((write) => write !== undefined)
    // A kept write that is not known here is live nowhere here: nothing to keep.
    const kept = (ids: readonly Uuid[]): Write[] =>
      ids.map(find).filter((write) => write !== undefined)
    const known = parents.length === meta.parentCanonicalIds.length
    if (!known) {
      // Of an entity that will be replaced whole, a write with holes in its ancestry must not
      // take the place of the page's own account of it.
      if (!context.skip?.has(meta.entityId)) missing.push(meta.entityId)
      continue
    }
    const facts = {
      index,
      type: meta.type,
      entityId: meta.entityId,
      kind: meta.kind,
      version: meta.schemaVersion,
      regs: context.tableOf(meta.type).set(meta.regs),
      parents,
      keep: meta.keep && new Map(Object.entries(meta.keep).map(([reg, ids]) => [reg, kept(ids)])),
    }
    entry.writes.push(new Write(entry, facts, valuesOf(change)))
  }
  if (missing.length > 0) return { entityIds: missing }
  entry.identify(message.id, message.hash)
  return entry
}

function valuesOf(change: Change): Readonly<Record<Reg, Json>> {
  const values: Record<Reg, Json> = {}
  for (const [i, reg] of change.meta.regs.entries()) values[reg] = change.values?.[i] ?? null
  return values
}
