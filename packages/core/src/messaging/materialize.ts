/**
 * From what a write recorded to the message that is hashed, sealed and sent, and back. Off
 * the write path: this runs at the flush, parents first, or when somebody asks for an id.
 */
import { assert } from '../base/assert.ts'
import { toBase64url } from '../base/bytes.ts'
import type { Json } from '../base/json.ts'
import type { Hash } from '../base/hash.ts'
import { type Uuid } from '../base/uuid.ts'
import { Entry, type SessionRef, Write } from '../history/entry.ts'
import { identify, leafHash } from '../message/ids.ts'
import {
  type Bases,
  type Change,
  type ChangeMeta,
  type Message,
  type MessageHeader,
  type Seen,
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
  const { clientSeq, timestamp, expect, seen } = entry
  assert(seen, 'a message says what its author had seen')
  const message = messageOf({ clientSeq, timestamp, expect, seen }, facts, changes)
  entry.identify(message.id, message.hash)
  return message
}

/** The message of these changes, with its id. */
export function messageOf(
  {
    clientSeq,
    timestamp,
    seen,
    expect,
  }: Pick<Entry, 'clientSeq' | 'timestamp' | 'expect'> & { readonly seen: Seen },
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
    seen,
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
    ...(write.cut !== undefined && { cut: write.cut }),
    ...(write.own && { own: write.own }),
    regs: write.regs.names,
    ...(write.keep && { keep: keepIds(write.keep) }),
  }
  return { meta, values: write.regs.names.map((reg) => write.values[reg]!), salt }
}

function keepIds(keep: NonNullable<Write['keep']>): Record<Reg, readonly Uuid[]> {
  const ids: Record<Reg, readonly Uuid[]> = {}
  for (const [reg, writes] of keep) ids[reg] = sortedIds(writes)
  return ids
}

function sortedIds(writes: readonly (Write | Uuid)[]): readonly Uuid[] {
  return writes.map((write) => (typeof write === 'string' ? write : write.entry.id)).sort()
}

export interface IntakeContext {
  readonly session: SessionRef
  readonly arrival: number
  readonly tableOf: (type: string) => RegisterTable
  /** Of a message that is pending here: its parents that are pending, too. */
  readonly pending?: (id: Uuid) => Entry | undefined
  /** Stated beside a pending message: aligned with its changes. */
  readonly bases?: readonly (Bases | undefined)[] | undefined
}

function writeOf(entry: Entry | undefined, entityId: Uuid): Write | undefined {
  return entry?.writes.find((write) => write.entityId === entityId)
}

/** The entry of a verified message. */
export function intake(message: Message, context: IntakeContext): Entry {
  const { header } = message
  const { session, arrival, tableOf, pending, bases } = context
  const { clientSeq, timestamp, seen, expect } = header
  const entry = new Entry({ session, clientSeq, timestamp, arrival, seen, expect })
  for (const [index, change] of message.changes.entries()) {
    if (!change) continue
    const { type, entityId, kind, schemaVersion, regs, parentCanonicalIds, cut, own, keep } =
      change.meta
    const parents = pending
      ? parentCanonicalIds.flatMap((id) => writeOf(pending(id), entityId) ?? [])
      : []
    const facts = {
      index,
      type,
      entityId,
      kind,
      version: schemaVersion,
      regs: tableOf(type).set(regs),
      parents,
      cut,
      own,
      keep: keep && new Map(Object.entries(keep)),
    }
    const write = new Write(entry, facts, valuesOf(change))
    write.bases = bases?.[index]
    entry.writes.push(write)
  }
  entry.identify(message.id, message.hash)
  return entry
}

function valuesOf(change: Change): Readonly<Record<Reg, Json>> {
  const values: Record<Reg, Json> = {}
  for (const [i, reg] of change.meta.regs.entries()) values[reg] = change.values?.[i] ?? null
  return values
}
