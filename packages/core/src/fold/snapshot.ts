/**
 * States as pages, and back. What goes into a page is what the fold needs to go on: heads,
 * live writes and the first root, and which of these had seen which. Ancestry among the rest
 * is gone; a message that names a parent no page has is mended by asking for the entity.
 */
import { ancestorsOf, markFromSnapshot } from '../log/ancestry.ts'
import { Entry, type SessionRef, Write } from '../log/entry.ts'
import { compareOrder } from '../log/order.ts'
import type { MessageIndex } from '../log/messages.ts'
import { assert } from '../base/assert.ts'
import type { Uuid } from '../base/uuid.ts'
import type { Json } from '../base/json.ts'
import type { PageEntity, PageMessage, PageWrite } from '../protocol/pages.ts'
import type { Reg, RegisterTable } from '../schema/registers.ts'
import { basesLeftBy, stateBases } from './base.ts'
import {
  createdOf,
  type EntityState,
  headsOf,
  isLinear,
  type LiveSet,
  liveOf,
  writesOf,
} from './state.ts'

/** Makes page entities; entities of one message share its page message. */
export class PageWriter {
  readonly #messages = new Map<Entry, PageMessage>()

  /** The state must be canonical: every write of it has a review. */
  entity(
    type: string,
    id: Uuid,
    { state, table }: { state: EntityState; table: RegisterTable },
  ): PageEntity {
    const liveRegs = new Map<Write, Reg[]>()
    for (const [slot, reg] of table.names.entries()) {
      for (const write of writesOf(liveOf(state, slot))) {
        const regs = liveRegs.get(write)
        if (regs) regs.push(reg)
        else liveRegs.set(write, [reg])
      }
    }
    const kept = new Set<Write>([createdOf(state), ...liveRegs.keys(), ...headsOf(state)])
    const ordered = [...kept].sort(compareOrder)
    const linear = isLinear(state)
    const writes = ordered.map((write, at): PageWrite => {
      const regs = (liveRegs.get(write) ?? []).sort()
      // Whoever takes the page in cannot know what stood before: it is dead, and in no page.
      const bases = basesLeftBy(write, state, table)
      return {
        message: this.#message(write.entry),
        index: write.index,
        version: write.version,
        regs,
        values: regs.map((reg) => write.values[reg]!),
        parents: linear ? (at === 0 ? [] : [at - 1]) : placesSeen(write, ordered),
        ...(Object.keys(bases).length > 0 && { bases }),
      }
    })
    return { type, id, writes, heads: headsOf(state).map((head) => ordered.indexOf(head)), linear }
  }

  #message(entry: Entry): PageMessage {
    let message = this.#messages.get(entry)
    if (!message) {
      assert(entry.review, 'a page holds reviewed writes only')
      message = {
        id: entry.id,
        authorId: entry.session.authorId,
        timestamp: entry.timestamp,
        review: entry.review,
      }
      this.#messages.set(entry, message)
    }
    return message
  }
}

function placesSeen(write: Write, ordered: readonly Write[]): number[] {
  const seen = ancestorsOf(write.parents)
  return ordered.flatMap((other, place) => (seen.has(other) ? [place] : []))
}

/** Reads page entities into states, sharing entries that are known or that several entities name. */
export class PageLoader {
  readonly #index: MessageIndex
  readonly #sessions = new Map<Uuid, SessionRef>()

  constructor(index: MessageIndex) {
    this.#index = index
  }

  state(entity: PageEntity, table: RegisterTable): EntityState {
    const writes: Write[] = []
    for (const page of entity.writes)
      writes.push(this.#write(page, entity, { table, before: writes }))
    const heads = entity.heads.map((place) => writes[place]!)
    const live: (LiveSet | undefined)[] = []
    for (const [at, page] of entity.writes.entries()) {
      for (const reg of page.regs) {
        const slot = table.slot(reg)
        const present = live[slot]
        live[slot] = present === undefined ? writes[at]! : [...writesOf(present), writes[at]!]
      }
    }
    const created = writes[0]!
    if (writes.length === 1 && entity.linear) return created
    return { heads, live, created, last: writes.at(-1)!, linear: entity.linear }
  }

  #write(
    page: PageWrite,
    entity: PageEntity,
    { table, before }: { table: RegisterTable; before: readonly Write[] },
  ): Write {
    const known = this.#index.writeOf(page.message.id, entity.id)
    // A write known from the tail has more registers and its true parents: keep it.
    if (known) {
      stateBases(known, page.bases)
      return known
    }
    const entry = this.#index.get(page.message.id) ?? this.#entry(page.message)
    const values: Record<Reg, Json> = {}
    for (const [i, reg] of page.regs.entries()) values[reg] = page.values[i]!
    const write = new Write(
      entry,
      {
        index: page.index,
        type: entity.type,
        entityId: entity.id,
        kind: before.length === 0 ? 'create' : 'update',
        version: page.version,
        regs: table.set([...page.regs].sort()),
        parents: page.parents.map((place) => before[place]!),
        keep: keptBy(page, entity, before),
      },
      values,
    )
    entry.writes.push(write)
    markFromSnapshot(write)
    stateBases(write, page.bases)
    return write
  }

  #entry(message: PageMessage): Entry {
    let session = this.#sessions.get(message.authorId)
    if (!session)
      this.#sessions.set(
        message.authorId,
        (session = { authorId: message.authorId, sessionId: '' }),
      )
    const entry = new Entry({ session, clientSeq: 0, timestamp: message.timestamp, arrival: 0 })
    entry.identify(message.id, undefined)
    entry.review = message.review
    this.#index.add(entry)
    return entry
  }
}

/** What it had seen and left standing: that stands in the same register to this day. */
function keptBy(
  page: PageWrite,
  entity: PageEntity,
  before: readonly Write[],
): ReadonlyMap<Reg, readonly Write[]> | undefined {
  let keep: Map<Reg, readonly Write[]> | undefined
  for (const reg of entity.linear ? [] : page.regs) {
    const seen = page.parents.filter((place) => entity.writes[place]!.regs.includes(reg))
    if (seen.length === 0) continue
    keep ??= new Map()
    keep.set(
      reg,
      seen.map((place) => before[place]!),
    )
  }
  return keep
}
