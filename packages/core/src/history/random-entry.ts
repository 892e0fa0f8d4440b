/**
 * Random messages of this device, for tests, each with the writes that its author may know:
 * canonical ones of this lineage and of another, own ones, pending ones of other sessions. Its
 * `seen`, names and `keep` have the form that a store writes.
 */
import type { Uuid } from '../base/uuid.ts'
import { type Chance, RandomFlush } from '../facts/random-flush.ts'
import type { Expectation, OwnSpan, Seen } from '../facts/types.ts'
import { ARCHIVED, type RegSet, RegisterTable } from '../schema/registers.ts'
import { Entry, type SessionRef, Write } from './entry.ts'
import { namesOf, numberName } from './names.ts'
import { hadRead } from './saw.ts'

const KINDS = ['create', 'update', 'update', 'update', 'resolve', 'migrate'] as const
const REGS = [ARCHIVED, 'a', 'b', 'título', 'заголовок', '標題', '😀']
/** Range of the numbers of one session, and of seqs. */
const NEAR = 24

export interface RandomEntry {
  readonly entry: Entry
  /** For each entity that it changes or expects: the writes of others and its own. */
  readonly known: ReadonlyMap<Uuid, readonly Write[]>
  /** Kept writes as objects, by write and register. */
  readonly kept: ReadonlyMap<Write, ReadonlyMap<string, readonly Write[]>>
  /** Parents as objects. */
  readonly parents: ReadonlyMap<Write, readonly Write[]>
  /** Earlier sessions that minted ids of created entities. */
  readonly minted: ReadonlyMap<Uuid, Uuid>
}

/** The situation of an author. */
interface Place {
  readonly me: SessionRef
  readonly others: readonly SessionRef[]
  readonly lineage: Uuid
  readonly otherLineage: Uuid
  /** Start of the seqs and of the numbers. */
  readonly seqBase: number
  readonly noBase: number
  readonly entry: Entry
  /** Messages with a write of some entity, by session and number. */
  readonly taken: Set<string>
}

export class RandomEntries {
  readonly any: RandomFlush
  readonly table: RegisterTable = new RegisterTable()

  constructor(chance: Chance) {
    this.any = new RandomFlush(chance)
  }

  next(): RandomEntry {
    const place = this.#place()
    const { entry } = place
    const known = new Map<Uuid, readonly Write[]>()
    const kept = new Map<Write, ReadonlyMap<string, readonly Write[]>>()
    const parents = new Map<Write, readonly Write[]>()
    const minted = new Map<Uuid, Uuid>()
    for (let left = this.any.pick([1, 1, 1, 2, 3]); left > 0; left--) {
      const entityId = this.any.uuid()
      const writes = this.#known(place, entityId)
      known.set(entityId, writes)
      const { write, keeping } = this.#write(place, {
        entityId,
        index: entry.writes.length,
        writes,
      })
      if (write.kind === 'create' && this.any.int(3) === 0) minted.set(entityId, this.any.uuid())
      kept.set(write, keeping)
      parents.set(write, write.parents)
      entry.writes.push(write)
    }
    if (this.any.int(4) === 0) {
      const strangers = Array.from({ length: this.any.int(3) }, () => this.any.uuid())
      for (const id of strangers) known.set(id, this.#known(place, id))
      const expected = [...known.keys()]
        .sort()
        .map((id) => this.#expected(place, id, known.get(id)!))
      entry.expect = expected
    }
    return { entry, known, kept, parents, minted }
  }

  #place(): Place {
    const { any } = this
    const authorId = any.uuid()
    const [me, ...others] = Array.from({ length: 4 }, () => ({
      ...{ authorId, sessionId: any.uuid() },
    })) as [SessionRef, ...SessionRef[]]
    const seqBase = any.pick([0, 0, 1_000_000, Number.MAX_SAFE_INTEGER - 100])
    const noBase = any.pick([0, 0, 1_000_000, 2 ** 52])
    const lineage = any.uuid()
    const from = noBase + 1 + any.int(NEAR / 2)
    const clientSeq = from + any.int(NEAR / 2)
    const seq = any.int(4) === 0 ? 0 : seqBase + 1 + any.int(NEAR)
    const seen: Seen = {
      seq,
      chain: seq === 0 ? '' : 'A'.repeat(22),
      from,
      except: between(from, clientSeq).filter(() => any.int(4) === 0),
      eid: seq === 0 ? null : lineage,
    }
    const timestamp = any.pick([0, 1_700_000_000_000, 8.64e15])
    const entry = new Entry({ session: me, clientSeq, timestamp, arrival: 0, seen })
    const taken = new Set<string>()
    return { me, others, lineage, otherLineage: any.uuid(), seqBase, noBase, entry, taken }
  }

  /** Writes of one entity, each of another message. */
  #known(place: Place, entityId: Uuid): readonly Write[] {
    const { me, others, lineage, otherLineage, seqBase, noBase, entry, taken } = place
    const writes: Write[] = []
    for (let n = this.any.int(16); n > 0; n--) {
      const session = this.any.pick([me, me, ...others])
      const clientSeq = noBase + 1 + this.any.int(NEAR)
      const name = numberName(session.sessionId, clientSeq)
      if (taken.has(name) || (session === me && clientSeq >= entry.clientSeq)) continue
      taken.add(name)
      const write = this.#writeOf(new Entry({ session, clientSeq, timestamp: 0, arrival: n }), {
        ...{ entityId, index: 0, kind: 'update', regs: this.table.set(REGS.toSorted()) },
      })
      const eid = this.any.int(5) === 0 ? otherLineage : lineage
      const seq = seqBase + n
      if (this.any.int(2) === 0)
        write.entry.review = { reviewerId: me.authorId, eid, epoch: 1, seq, forked: false, at: 0 }
      write.entry.writes.push(write)
      writes.push(write)
    }
    return writes
  }

  #write(
    place: Place,
    {
      entityId,
      index,
      writes,
    }: { readonly entityId: Uuid; readonly index: number; readonly writes: readonly Write[] },
  ): { readonly write: Write; readonly keeping: ReadonlyMap<string, readonly Write[]> } {
    const { any } = this
    const { entry } = place
    const names = REGS.filter(() => any.int(3) === 0).toSorted()
    const regs = this.table.set(names.length > 0 ? names : ['a'])
    const reading = this.#reading(place, writes)
    const view = writes.filter(
      (write) => hadRead(entry, reading, write) && isNameable(write, entry, reading.cut),
    )
    const parents = view.filter(() => any.int(2) === 0)
    const kind = parents.length === 0 ? 'create' : any.pick(KINDS.slice(1))
    if (kind === 'create') {
      const write = this.#writeOf(entry, { entityId, index, kind, regs })
      return { write, keeping: new Map() }
    }
    const { cut, own } = reading
    const write = this.#writeOf(entry, { entityId, index, kind, regs, parents, cut, own })
    const spanOf = ({ entry: { session } }: Write): OwnSpan | undefined =>
      own?.find(({ sessionId }) => sessionId === session.sessionId)
    write.named = namesOf(parents, entry, spanOf)
    const decides = kind === 'resolve' || kind === 'migrate'
    const keeping = new Map(
      regs.names
        .filter((reg) => (!decides || reg === ARCHIVED) && any.int(3) === 0)
        .map(
          (reg) =>
            [
              reg,
              onePerSession(
                view.filter(() => any.int(3) === 0),
                entry,
              ),
            ] as const,
        )
        .filter(([, kept]) => kept.length > 0),
    )
    if (keeping.size > 0)
      write.keep = new Map([...keeping].map(([reg, kept]) => [reg, namesOf(kept, entry)]))
    return { write, keeping }
  }

  #writeOf(
    entry: Entry,
    facts: Pick<Write, 'entityId' | 'index' | 'kind' | 'regs'> & Partial<ConstructorFacts>,
  ): Write {
    const place = { type: this.any.pick(['issue', 'note']), version: 1 + this.any.int(3) }
    return new Write(entry, { ...place, ...facts }, this.#values(facts.regs))
  }

  #values({ names }: RegSet): Write['values'] {
    return Object.fromEntries(
      names.map((reg) => [reg, reg === ARCHIVED ? true : this.any.value()] as const),
    )
  }

  #expected(place: Place, entityId: Uuid, writes: readonly Write[]): Expectation {
    return { entityId, ...this.#reading(place, writes) }
  }

  /** The author's view of an entity: pending writes of some other sessions, and rarely a cut. */
  #reading(
    { others, entry }: Place,
    writes: readonly Write[],
  ): { readonly cut?: number; readonly own?: readonly OwnSpan[] } {
    const { any } = this
    const seq = entry.seen?.seq ?? 0
    const cut = seq > 0 && any.int(5) === 0 ? Math.max(0, seq - 1 - any.int(8)) : undefined
    const own = others.flatMap(({ sessionId }) => {
      const pending = writes.filter((write) => write.entry.session.sessionId === sessionId)
      const inView = pending.filter(() => any.int(2) === 0).map((write) => write.entry.clientSeq)
      if (inView.length === 0) return []
      const [from, clientSeq] = [Math.min(...inView), Math.max(...inView)]
      const except = between(from, clientSeq).filter((no) => !inView.includes(no))
      return [{ sessionId, clientSeq, from, except }]
    })
    own.sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
    return { ...(cut !== undefined && { cut }), ...(own.length > 0 && { own }) }
  }
}

type ConstructorFacts = Pick<Write, 'parents' | 'cut' | 'own'>

/** Numbers between two, both excluded. */
function between(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from - 1) }, (_, i) => from + 1 + i)
}

/** A canonical name is at most `cut`: a write known by another way is not named by its seq. */
function isNameable({ entry }: Write, { seen }: Entry, cut: number | undefined): boolean {
  const { review } = entry
  const isRead = review !== null && review.eid === seen?.eid && review.seq <= seen.seq
  return !isRead || cut === undefined || review.seq <= cut
}

/** `keep` has one name for each session, as a list of names has one span for each. */
function onePerSession(writes: readonly Write[], { seen, session }: Entry): readonly Write[] {
  const sessions = new Set<Uuid>()
  return writes.filter(({ entry }) => {
    const { review, session: by } = entry
    const isRead = review !== null && review.eid === seen?.eid && review.seq <= seen.seq
    if (isRead || by.sessionId === session.sessionId) return true
    if (sessions.has(by.sessionId)) return false
    sessions.add(by.sessionId)
    return true
  })
}
