/**
 * Encodes states as pages, and loads them. A page contains what the fold needs to continue: heads,
 * live writes and the first root, with the numbers of `seen`. No history is walked.
 */
import { assert } from '../base/assert.ts'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { Entry, type SessionRef, Write, giveReview } from '../history/entry.ts'
import { compareOrder } from '../history/order.ts'
import type { Base, Bases } from '../facts/message.ts'
import type { PageEntity, PageMessage, PageWrite } from '../wire/pages.ts'
import { type Total, withWaiting } from '../schema/operations.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import {
  createdOf,
  type EntityState,
  headsOf,
  isLinear,
  type LiveSet,
  liveOf,
  writesOf,
} from './state.ts'

/** Builds page entities; entities of one message share its page message. */
export class PageWriter {
  readonly #messages = new Map<Entry, PageMessage>()

  /** The state must be canonical: every write of it has a review. */
  entity(
    type: string,
    id: Uuid,
    { state, table }: { state: EntityState; table: RegisterTable },
  ): PageEntity {
    const liveRegs = liveRegistersOf(state, table)
    const ordered = [...new Set([createdOf(state), ...liveRegs.keys(), ...headsOf(state)])].sort(
      compareOrder,
    )
    const writes = ordered.map((write): PageWrite => {
      const regs = (liveRegs.get(write) ?? []).sort()
      const { index, version, kind, cut, own } = write
      return {
        message: this.#message(write.entry),
        index,
        version,
        regs,
        values: regs.map((reg) => write.values[reg]!),
        isCreation: kind === 'create',
        ...(cut !== undefined && { cut }),
        ...(own && { own }),
      }
    })
    const heads = headsOf(state).map((head) => ordered.indexOf(head))
    const bases = basesByRegister(state, table)
    const totals = totalsByRegister(state, table)
    const redacted = redactedByRegister(state, table)
    return {
      ...{ type, id, writes, heads, linear: isLinear(state) },
      ...(bases && { bases }),
      ...(totals && { totals }),
      ...(redacted && { redacted }),
    }
  }

  #message(entry: Entry): PageMessage {
    let message = this.#messages.get(entry)
    if (!message) {
      const { id, session, clientSeq, seen, timestamp, review } = entry
      assert(review && seen, 'a page holds reviewed writes only')
      message = { id, ...session, clientSeq, seen, timestamp, review }
      this.#messages.set(entry, message)
    }
    return message
  }
}

function basesByRegister(state: EntityState, table: RegisterTable): Bases | undefined {
  if (state instanceof Write || !state.bases) return undefined
  const { names } = table
  return Object.fromEntries([...state.bases].map(([slot, base]) => [names[slot]!, base]))
}

function totalsByRegister(
  state: EntityState,
  { names }: RegisterTable,
): Readonly<Record<Reg, Total>> | undefined {
  if (state instanceof Write || !state.totals) return undefined
  return Object.fromEntries([...state.totals].map(([slot, total]) => [names[slot]!, total]))
}

function redactedByRegister(state: EntityState, { names }: RegisterTable): PageEntity['redacted'] {
  if (state instanceof Write || !state.redacted) return undefined
  return Object.fromEntries([...state.redacted].map(([slot, seq]) => [names[slot]!, seq]))
}

function liveRegistersOf(state: EntityState, table: RegisterTable): ReadonlyMap<Write, Reg[]> {
  const liveRegs = new Map<Write, Reg[]>()
  for (const [slot, reg] of table.names.entries()) {
    for (const write of writesOf(liveOf(state, slot))) {
      const regs = liveRegs.get(write)
      if (regs) regs.push(reg)
      else liveRegs.set(write, [reg])
    }
  }
  return liveRegs
}

/** Loads page entities as states; entries and sessions are shared among them. */
export class PageLoader {
  readonly #entries = new Map<PageMessage, Entry>()
  readonly #sessions = new Map<Uuid, SessionRef>()

  state(entity: PageEntity, table: RegisterTable): EntityState {
    const writes = entity.writes.map((page) => this.#write(page, entity, table))
    const heads = entity.heads.map((place) => writes[place]!)
    const live: (LiveSet | undefined)[] = []
    for (const [at, page] of entity.writes.entries()) {
      for (const reg of page.regs) {
        const slot = table.slot(reg)
        const present = live[slot]
        live[slot] = present === undefined ? writes[at]! : [...writesOf(present), writes[at]!]
      }
    }
    const created = writes[0]! // the parser rejects a page entity without writes
    if (writes.length === 1 && entity.linear && !entity.totals && !entity.redacted) return created
    const bases = entity.bases && basesBySlot(entity.bases, table)
    const totals = entity.totals && totalsBySlot(entity, table)
    const redacted =
      entity.redacted &&
      new Map(Object.entries(entity.redacted).map(([reg, seq]) => [table.slot(reg), seq]))
    const { linear } = entity
    return { heads, live, created, last: writes.at(-1)!, linear, bases, totals, redacted }
  }

  #write(page: PageWrite, { type, id }: PageEntity, table: RegisterTable): Write {
    const entry = this.#entry(page.message)
    const values: Record<Reg, Json> = {}
    for (const [i, reg] of page.regs.entries()) values[reg] = page.values[i]!
    const facts = {
      index: page.index,
      type,
      entityId: id,
      kind: page.isCreation ? ('create' as const) : ('update' as const),
      version: page.version,
      regs: table.set([...page.regs].sort()),
      cut: page.cut,
      own: page.own,
    }
    const write = new Write(entry, facts, values)
    entry.writes.push(write)
    return write
  }

  #entry(message: PageMessage): Entry {
    let entry = this.#entries.get(message)
    if (!entry) {
      const { id, clientSeq, seen, timestamp, review } = message
      entry = new Entry({ session: this.#session(message), clientSeq, timestamp, arrival: 0, seen })
      entry.identify(id, undefined)
      giveReview(entry, review)
      this.#entries.set(message, entry)
    }
    return entry
  }

  #session({ authorId, sessionId }: PageMessage): SessionRef {
    let session = this.#sessions.get(sessionId)
    if (!session) this.#sessions.set(sessionId, (session = { authorId, sessionId }))
    return session
  }
}

function basesBySlot(bases: Bases, table: RegisterTable): ReadonlyMap<number, Base> {
  return new Map(Object.entries(bases).map(([reg, base]) => [table.slot(reg), base]))
}

/** Also folds waiting operations if their function is known here. */
function totalsBySlot(
  entity: PageEntity,
  table: RegisterTable,
): ReadonlyMap<number, Total> | undefined {
  const totals = Object.entries(entity.totals ?? {}).map(
    ([reg, total]) => [table.slot(reg), withWaiting(total, table.foldOf(reg), entity)] as const,
  )
  return totals.length > 0 ? new Map(totals) : undefined
}
