/** The entry of a parsed message: of a batch, of an offer, or of the storage. */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import type { AuthoredMessage, Change, Names, OwnSpan } from '../facts/types.ts'
import type { Bases } from '../facts/message.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import { Entry, type SessionRef, Write } from './entry.ts'

type FindPending = (sessionId: Uuid, clientSeq: number) => Entry | undefined

export interface EntryContext {
  readonly session: SessionRef
  readonly arrival: number
  readonly tableOf: (type: string) => RegisterTable
  /** For a message that is pending here: finds its parents that are pending, too. */
  readonly pending?: FindPending
  /** Index of the first of these changes among those of the message. Default: 0. */
  readonly firstIndex?: number
  /** Stored with a pending message: aligned with its changes. */
  readonly bases?: readonly (Bases | undefined)[] | undefined
}

/** The entry of a parsed message, with its writes; its review is set later. */
export function toEntry(message: AuthoredMessage, context: EntryContext): Entry {
  const { id, hash, clientSeq, time, seen, expect } = message
  const { session, arrival, firstIndex = 0 } = context
  const entry = new Entry({ session, clientSeq, timestamp: time, arrival, seen, expect })
  entry.writes = message.changes.map((change, i) =>
    writeOf(change, { entry, index: firstIndex + i, context }),
  )
  entry.identify(id, hash)
  return entry
}

function writeOf(
  { shape, entityId, parents, values, keep, cut, own = [] }: Change,
  { entry, index, context }: { entry: Entry; index: number; context: EntryContext },
): Write {
  const { type, kind, schemaVersion, regs } = shape
  const { pending, tableOf, bases, session } = context
  assert(regs.length === values.length, 'a change has a value for each register of its shape')
  const spans = [...parents.others, ...own].sort(bySession)
  const facts = {
    index,
    type,
    entityId,
    kind,
    version: schemaVersion,
    regs: tableOf(type).set(regs),
    ...(pending && {
      parents: parentsOf({ entityId, named: parents, session }, pending),
      named: parents,
    }),
    cut,
    ...(spans.length > 0 && { own: spans }),
    ...(keep && { keep: new Map(keep.map(({ reg, names }) => [reg, names])) }),
  }
  const write = new Write(entry, facts, valuesOf(regs, values))
  write.bases = bases?.[index]
  return write
}

/** Sets the parents of a pending message anew: it may have been read before them. */
export function linkParents({ session, writes }: Entry, pending: FindPending): void {
  for (const write of writes) {
    const { entityId, named } = write
    if (named) write.parents = parentsOf({ entityId, named, session }, pending)
  }
}

function parentsOf(
  {
    entityId,
    named: { own, others },
    session: { sessionId },
  }: { readonly entityId: Uuid; readonly named: Names; readonly session: SessionRef },
  pending: FindPending,
): readonly Write[] {
  const entries = [
    ...own.map((clientSeq) => pending(sessionId, clientSeq)),
    ...others.map((span) => pending(span.sessionId, span.clientSeq)),
  ]
  return entries.flatMap(
    (entry) => entry?.writes.find((write) => write.entityId === entityId) ?? [],
  )
}

function bySession(a: OwnSpan, b: OwnSpan): number {
  return a.sessionId < b.sessionId ? -1 : 1
}

function valuesOf(regs: readonly Reg[], values: readonly Json[]): Readonly<Record<Reg, Json>> {
  const byReg: Record<Reg, Json> = {}
  for (const [i, reg] of regs.entries()) byReg[reg] = values[i]!
  return byReg
}
