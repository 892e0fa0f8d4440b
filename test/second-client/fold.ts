// Owns: what writes make of an entity (SPEC 4 and 8): who saw what, heads, live writes, bases, and
// the row with its conflicts. Without values that merge, policies of fields, and other versions.

import type { Accepted, OtherPlace } from './batch.ts'
import { canonical } from './encode.ts'
import { type Message, type Names, type Seen, type Session, type Span, KINDS } from './flush.ts'
import type { Json } from './refusal.ts'

export interface Write {
  messageId: string
  authorId: string
  sessionId: string
  clientSeq: number
  seen: Omit<Seen, 'chain'>
  /** Null as long as it has no verdict. */
  canonical: {
    eid: string
    epoch: number
    seq: number
    /** Where it stood on lineages that were lost, and how far its author had read others. */
    places: readonly OtherPlace[]
    reads: readonly OtherPlace[]
  } | null
  index: number
  schemaVersion: number
  create: boolean
  values: ReadonlyMap<string, Json>
  cut: number | null
  /** Spans among its parents, and those of `own`. */
  spans: readonly Span[]
  keep: ReadonlyMap<string, Names>
  bases: ReadonlyMap<string, Base>
}

/** What stood in a register before its writers parted. */
export type Base = 'nothing' | 'unknown' | { value: Json }

export interface State {
  type: string
  root: Write
  heads: readonly Write[]
  live: ReadonlyMap<string, readonly Write[]>
  linear: boolean
  bases: ReadonlyMap<string, Base>
}

export interface Conflict {
  base: Base
  candidates: Json[]
}
export interface Row {
  id: string
  type: string
  values: { [register: string]: Json }
  conflicts: { [register: string]: Conflict }
  archived: boolean
}

type Reader = Pick<Write, 'create' | 'seen' | 'cut' | 'sessionId' | 'clientSeq' | 'spans'> &
  Partial<Pick<Write, 'canonical'>>

/** saw(m, w): whether the author of `m` had seen `w`, which comes before it (SEEN1 to SEEN4). */
export function saw(m: Reader, w: Write): boolean {
  if (m.create) return false
  const { seen } = m
  if (isRead(m, w)) return true
  const own = w.sessionId === m.sessionId && w.clientSeq < m.clientSeq
  if (own && w.clientSeq >= seen.from && !seen.except.includes(w.clientSeq)) return true
  return m.spans.some((span) => contains(span, w))
}

/** SEEN7: whether the author of `m` had read `w`, on the lineage where both are or on a lost one. */
function isRead(m: Reader, { canonical: w }: Write): boolean {
  if (w === null) return false
  const cut = m.cut ?? Infinity
  if (w.seq <= Math.min(readHere(m, w), cut)) return true
  return w.places.some(({ eid, seq }) => seq <= Math.min(readOf(m, eid), cut))
}

/** On a lineage seqs go on, so one number is enough. A pending write is on none yet. */
function readHere({ seen, canonical: m = null }: Reader, w: { eid: string }): number {
  const here = m?.eid ?? w.eid
  const stated = m?.reads.find(({ eid }) => eid === here)
  return stated?.seq ?? (seen.eid === here ? seen.seq : 0)
}

function readOf({ seen, canonical: m = null }: Reader, lineage: string): number {
  if (seen.eid === lineage) return seen.seq
  return m?.reads.find(({ eid }) => eid === lineage)?.seq ?? 0
}

function contains({ sessionId, from, clientSeq, except }: Span, w: Write): boolean {
  const between = w.clientSeq >= from && w.clientSeq <= clientSeq
  return w.sessionId === sessionId && between && !except.includes(w.clientSeq)
}

/** SEEN5: whether names of `m` mean `w`. */
function names(m: Write, named: Names | undefined, w: Write): boolean {
  if (named === undefined) return false
  const at = w.canonical
  const isNamed = (seq: number): boolean =>
    at !== null &&
    ((at.seq === seq && seq <= readHere(m, at)) ||
      at.places.some((place) => place.seq === seq && seq <= readOf(m, place.eid)))
  if (named.canonical.some(isNamed)) return true
  if (w.sessionId === m.sessionId && named.own.includes(w.clientSeq)) return true
  return named.others.some((span) => contains(span, w))
}

/** FOLD1: the state after one more write. */
export function applied(state: State | undefined, type: string, m: Write): State {
  if (state === undefined) {
    const live = new Map([...m.values.keys()].map((register) => [register, [m]]))
    return { type, root: m, heads: [m], live, linear: m.keep.size === 0, bases: new Map() }
  }
  const live = new Map(state.live)
  const bases = new Map(state.bases)
  for (const register of m.values.keys()) {
    const before = live.get(register) ?? []
    const stay = before.filter((w) => !saw(m, w) || names(m, m.keep.get(register), w))
    live.set(register, [...stay, m])
    if (stay.length === 0) bases.delete(register)
    // FOLD4, REV5.
    else if (before.length === 1 && register !== '$archived') {
      bases.set(register, m.bases.get(register) ?? (m.create ? 'nothing' : 'unknown'))
    }
  }
  const unseen = state.heads.filter((head) => !saw(m, head))
  // FOLD3.
  const isAlone = [...m.values.keys()].every((register) => live.get(register)?.length === 1)
  const linear = state.linear && unseen.length === 0 && m.keep.size === 0 && isAlone
  return { ...state, heads: [...unseen, m], live, bases, linear }
}

/** The writes of a message, by the entities that they change. */
export function writesOf(
  message: Message,
  facts: {
    id: string
    session: Session
    seen: Seen
    canonical: { eid: string; epoch: number; seq: number } | null
  },
  review: Accepted['review'],
): { entityId: string; type: string; write: Write }[] {
  const { id, session, seen } = facts
  const { places = [], reads = [] } = review ?? {}
  return message.changes.map((change, index) => {
    const { regs, kind, schemaVersion, type } = change.shape
    const values = new Map<string, Json>(regs.map((register, i) => [register, change.values[i]!]))
    for (const assigned of review?.assigned ?? []) {
      if (assigned.change !== index) continue
      for (const [register, value] of Object.entries(assigned.values)) values.set(register, value)
    }
    const bases = new Map<string, Base>()
    for (const base of review?.bases ?? []) {
      if (base.change !== index) continue
      const told = base.value === undefined ? 'unknown' : { value: base.value.value }
      bases.set(regs[base.register]!, base.seq === 0 ? 'nothing' : told)
    }
    const write: Write = {
      messageId: id,
      authorId: session.authorId,
      sessionId: session.sessionId,
      clientSeq: message.clientSeq,
      seen,
      canonical: facts.canonical && { ...facts.canonical, places, reads },
      index,
      schemaVersion,
      create: kind === KINDS[0],
      values,
      cut: change.cut ?? null,
      spans: [...change.parents.others, ...(change.own ?? [])],
      keep: new Map(change.keep?.map(({ reg, names: kept }) => [reg, kept])),
      bases,
    }
    return { entityId: change.entityId, type, write }
  })
}

/** MSG4; null is a value like any other. */
export function isUnset(value: Json): boolean {
  return typeof value === 'object' && value !== null && '$unset' in value
}

/** CONF1, CONF2: each different value that is live, in canonical order. */
export function candidates(live: readonly Write[], register: string): Json[] {
  const values: Json[] = live.map((write) => write.values.get(register)!)
  const texts = values.map((value) => canonical(value))
  return values.filter((_, i) => texts.indexOf(texts[i]!) === i)
}

/** The row as one author sees it (CONF3). */
export function rowOf(id: string, state: State, authorId: string): Row {
  const values: Row['values'] = {}
  const conflicts: Row['conflicts'] = {}
  for (const [register, live] of state.live) {
    if (register === '$archived') continue
    const different = candidates(live, register)
    const shown = live.findLast((write) => write.authorId === authorId) ?? live[0]!
    const value = (different.length > 1 ? shown : live[0]!).values.get(register)!
    if (!isUnset(value)) values[register] = value
    if (different.length > 1) {
      conflicts[register] = { base: state.bases.get(register) ?? 'unknown', candidates: different }
    }
  }
  return { id, type: state.type, values, conflicts, archived: isArchived(state) }
}

/** CONF6, with the default `surface`. */
function isArchived(state: State): boolean {
  const archivings = state.live.get('$archived') ?? []
  const holding = archivings.filter((write) => write.values.get('$archived') === true)
  if (holding.length === 0 || state.linear) return holding.length > 0
  const edits = [...state.live].flatMap(([register, live]) =>
    register === '$archived' ? [] : live,
  )
  const beside = edits.some((edit) =>
    holding.some((each) => each !== edit && !saw(each, edit) && !saw(edit, each)),
  )
  return holding.length === archivings.length && !beside
}
