/**
 * States as pages, and back. What goes into a page is what the fold needs to go on: heads,
 * live writes and the first root, and which of these had seen which. Ancestry among the rest
 * is gone; a message that names a parent no page has is mended by asking for the entity.
 */
import { markFromSnapshot, parentsFirst } from '../log/ancestry.ts'
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
    const liveRegs = liveRegistersOf(state, table)
    const ordered = placesOf(state, liveRegs.keys())
    const linear = isLinear(state)
    const seen = linear ? undefined : (seenPlaces.get(state) ?? walkOf(state, ordered).seen)
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
        parents: seen?.[at] ?? (at === 0 ? [] : [at - 1]),
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

/** Which places of a state's page each write in it had seen. A state never changes, so one walk is enough. */
const seenPlaces = new WeakMap<EntityState, readonly (readonly number[])[]>()

/**
 * Walks the history of an entity once, so that its page costs no walk. Returns how many writes were
 * walked: 0 when that was done before, or when the page needs none.
 */
export function walkAncestry(state: EntityState, table: RegisterTable): number {
  if (isLinear(state) || seenPlaces.has(state)) return 0
  return walkOf(state, placesOf(state, liveRegistersOf(state, table).keys())).walked
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

/** What a page holds: the first root, live writes and heads, in canonical order. */
function placesOf(state: EntityState, live: Iterable<Write>): readonly Write[] {
  return [...new Set<Write>([createdOf(state), ...live, ...headsOf(state)])].sort(compareOrder)
}

const PLACES_PER_PASS = 31

/** One walk for the order, and then one pass over it for every 31 places. */
function walkOf(
  state: EntityState,
  ordered: readonly Write[],
): { seen: readonly (readonly number[])[]; walked: number } {
  const history = parentsFirst(ordered)
  const at = new Map(history.map((write, place) => [write, place]))
  const parents = history.map((write) => write.parents.map((parent) => at.get(parent)!))
  const seen = ordered.map((): number[] => [])
  for (let first = 0; first < ordered.length; first += PLACES_PER_PASS) {
    const bits = new Int32Array(history.length)
    const places = ordered.slice(first, first + PLACES_PER_PASS)
    for (const [bit, write] of places.entries()) bits[at.get(write)!] = 1 << bit
    // Parents come first, so what they had seen is known.
    const before = new Int32Array(history.length)
    for (const [place, those] of parents.entries()) {
      for (const parent of those) before[place]! |= before[parent]! | bits[parent]!
    }
    for (const [own, write] of ordered.entries()) {
      const mask = before[at.get(write)!]!
      for (let bit = 0; bit < places.length; bit++)
        if (mask & (1 << bit)) seen[own]!.push(first + bit)
    }
  }
  seenPlaces.set(state, seen)
  return { seen, walked: history.length }
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
