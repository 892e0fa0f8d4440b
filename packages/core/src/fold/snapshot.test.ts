/**
 * States as pages: a replica that begins with a page continues like one that has folded everything.
 */
import { describe, expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import type { Uuid } from '../base/uuid.ts'
import { Entry, Write, type WriteFacts, giveReview } from '../history/entry.ts'
import { compareOrder } from '../history/order.ts'
import { saw } from '../history/saw.ts'
import type { Message, Names, OwnSpan, Seen } from '../facts/types.ts'
import type { Review } from '../facts/message.ts'
import { pageText, readPage } from '../wire/pages.ts'
import { keptReview, reviewOf } from '../wire/reviews.ts'
import { RegisterTable } from '../schema/registers.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { apply } from './apply.ts'
import { baseOf } from './base.ts'
import { basesFor } from './review-bases.ts'
import { PageLoader, PageWriter } from './snapshot.ts'
import {
  type EntityState,
  createdOf,
  headsOf,
  isLinear,
  lastOf,
  liveOf,
  standingWrites,
  writesOf,
} from './state.ts'

const idOf = (n: number): Uuid => `00000000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`
const ENTITY = idOf(1)
const LINEAGE = idOf(2)
const sessionOf = (n: number): Uuid => idOf(100 + n)

/** One accepted message; each replica makes a write of its own from it. */
interface Fact {
  readonly session: number
  readonly clientSeq: number
  readonly seen: Seen
  readonly change: Pick<WriteFacts, 'kind' | 'cut' | 'own' | 'keep'>
  readonly values: Readonly<Record<string, Json>>
  readonly review: Review
}

/** A store that follows the entity, from its first message or from a page. */
class Follower {
  readonly table = new RegisterTable()
  readonly writes: Write[] = []
  state: EntityState | undefined

  take(fact: Fact): Write {
    const write = this.written(fact)
    giveReview(write.entry, fact.review)
    this.state = apply(this.state, write)
    this.writes.push(write)
    return write
  }

  written({ session, clientSeq, seen, change, values, review }: Fact): Write {
    const entry = new Entry({
      session: { authorId: idOf(3), sessionId: sessionOf(session) },
      ...{ clientSeq, seen, timestamp: 0, arrival: 0 },
    })
    entry.identify(idOf(1_000 + review.seq), undefined)
    const regs = this.table.set(Object.keys(values).sort())
    const place = { index: 0, type: 't', entityId: ENTITY, version: 1, regs }
    const write = new Write(entry, { ...place, ...change }, values)
    entry.writes.push(write)
    return write
  }

  /** The bases in the review of a message. */
  reviewed(fact: Fact): Fact {
    const bases = basesFor(this.written(fact).entry, {
      before: [this.state],
      changesOf: () => this.writes,
      tableOf: () => this.table,
    })
    const regs = [Object.keys(fact.values).sort()]
    const changes = regs.map((names) => ({ shape: { regs: names } }))
    const said = reviewOf({ changes } as unknown as Message, { bases }, () => 'A'.repeat(16))
    const { seq, forked } = fact.review
    const review = keptReview({ seq, review: said ?? null }, fact.review, { regs, forked })
    return { ...fact, review }
  }

  /** A replica that begins with the page of this one's state. */
  newcomer(): Follower {
    const { state, table } = this
    const page = new PageWriter().entity('t', ENTITY, { state: state!, table })
    const read = readPage(pageText([page]))
    if (!read.ok) throw new Error(read.error.message)
    const made = new Follower()
    made.state = new PageLoader().state(read.value[0]!, made.table)
    return made
  }

  picture(): unknown {
    const { state, table } = this
    const id = ({ entry }: Write): Uuid => entry.id
    const fields = [...table.names].sort().map((reg) => {
      const live = writesOf(liveOf(state!, table.slot(reg)))
      const base = live.length > 1 ? baseOf(state!, table.slot(reg)) : undefined
      return [reg, live.map((write) => [id(write), write.values[reg]]), base] as const
    })
    return {
      heads: headsOf(state!).map(id),
      created: id(createdOf(state!)),
      last: id(lastOf(state!)),
      linear: isLinear(state!),
      // The table of a new replica lacks registers without a live write.
      fields: fields.filter(([, live]) => live.length > 0),
    }
  }

  /** Which of the live writes and heads saw which. */
  relation(): unknown {
    const standing = [...standingWrites(this.state!)].sort(compareOrder)
    return standing.map((m, i) => standing.slice(0, i).map((w) => saw(m, w)))
  }
}

/** Messages of random authors: with large and small views, some with others' pending messages. */
class Authors {
  readonly #random: SeededRandom
  readonly #numbers = new Map<number, number>()
  #seq = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  below(count: number): number {
    return Math.floor(this.#random.unit() * count)
  }

  next(on: Follower): Fact {
    const seq = ++this.#seq
    const session = this.below(4)
    const clientSeq = (this.#numbers.get(session) ?? 0) + 1 + this.below(2)
    this.#numbers.set(session, clientSeq)
    const isFirst = seq === 1 || this.below(15) === 0
    const read = this.below(3) === 0 ? this.below(seq) : Math.max(0, seq - 1 - this.below(4))
    const from = Math.max(1, clientSeq - this.below(4))
    const except = this.below(4) === 0 && clientSeq - from > 1 ? [from + 1] : []
    const reg = `r${this.below(6)}`
    return {
      ...{ session, clientSeq },
      seen: { eid: LINEAGE, seq: read, chain: read > 0 ? 'A'.repeat(22) : '', from, except },
      change: isFirst ? { kind: 'create' } : this.#change(on, reg, read),
      values: { [reg]: seq, ...(this.below(3) === 0 && { r9: { $unset: true } }) },
      review: { reviewerId: idOf(4), eid: LINEAGE, epoch: 1, seq, forked: false, at: 9 },
    }
  }

  #change(on: Follower, reg: string, read: number): Fact['change'] {
    const standing = on.state ? writesOf(liveOf(on.state, on.table.slot(reg))) : []
    const kept = this.below(6) === 0 ? standing : []
    return {
      kind: 'update',
      ...(this.below(5) === 0 && { cut: this.below(read + 1) }),
      ...(this.below(4) === 0 && { own: [this.#span()] }),
      ...(kept.length > 0 && { keep: new Map([[reg, namesOfStanding(kept)]]) }),
    }
  }

  #span(): OwnSpan {
    const session = this.below(4)
    const clientSeq = Math.max(1, this.#numbers.get(session) ?? 1)
    const from = Math.max(1, clientSeq - this.below(5))
    const except = clientSeq - from > 1 ? [from + 1] : []
    return { sessionId: sessionOf(session), clientSeq, from, except }
  }
}

/** Accepted writes by seq, of any author. */
function namesOfStanding(writes: readonly Write[]): Names {
  const canonical = writes.map(({ entry }) => entry.review!.seq).sort((a, b) => a - b)
  return { canonical, own: [], others: [] }
}

describe('pages', () => {
  test('FOLD6, S21 snapshot + tail = full replay: a replica that begins with a page has the same state, and continues the same, for any history', () => {
    let conflicts = 0
    for (let seed = 1; seed <= 40; seed++) {
      const authors = new Authors(seed)
      const all = new Follower()
      const next = (): Fact => {
        const fact = all.reviewed(authors.next(all))
        all.take(fact)
        return fact
      }
      for (let n = 1 + authors.below(25); n > 0; n--) next()
      const newcomer = all.newcomer()
      expect(newcomer.picture()).toEqual(all.picture())
      expect(newcomer.relation()).toEqual(all.relation())
      for (let n = 12; n > 0; n--) {
        newcomer.take(next())
        expect(newcomer.picture()).toEqual(all.picture())
      }
      // So does a replica that begins with a page of the new one.
      expect(newcomer.newcomer().picture()).toEqual(all.picture())
      if (headsOf(all.state!).length > 1) conflicts++
    }
    expect(conflicts).toBeGreaterThan(20)
  })

  test('§9 base: a new replica has the base of a conflict, though its write is in no page', () => {
    const all = new Follower()
    const facts = (seq: number, read: number, value: Json): Fact => ({
      ...{ session: seq, clientSeq: 1 },
      seen: { ...{ eid: LINEAGE, seq: read, chain: 'A'.repeat(22) }, from: 1, except: [] },
      change: { kind: seq === 1 ? 'create' : 'update' },
      values: { n: value },
      review: { reviewerId: idOf(4), eid: LINEAGE, epoch: 1, seq, forked: false, at: 9 },
    })
    all.take(facts(1, 0, 'first'))
    all.take(facts(2, 1, 'before'))
    all.take(facts(3, 2, 'left'))
    all.take(all.reviewed(facts(4, 2, 'right')))
    const newcomer = all.newcomer()
    const slot = newcomer.table.slot('n')
    expect(baseOf(newcomer.state!, slot)).toEqual({ version: 1, value: 'before' })
    // Who comes later still has read no further, and the base stays.
    const third = facts(5, 1, 'late')
    for (const follower of [all, newcomer]) follower.take(all.reviewed(third))
    expect(newcomer.picture()).toEqual(all.picture())
    expect(baseOf(newcomer.state!, slot)).toEqual({ version: 1, value: 'before' })
    const resolved = facts(6, 5, 'resolved')
    for (const follower of [all, newcomer]) follower.take(resolved)
    expect(newcomer.picture()).toEqual(all.picture())
    expect(headsOf(newcomer.state!)).toHaveLength(1)
  })

  test('SNAP5 bounds: a page grows with the live writes, not with the history', () => {
    const sizeAfter = (length: number): number => {
      const authors = new Authors(3)
      const all = new Follower()
      const fact = authors.next(all)
      for (let seq = 1; seq <= length; seq++) {
        const seen = { ...fact.seen, seq: seq - 1, from: 1, except: [] }
        const change = { kind: seq === 1 ? ('create' as const) : ('update' as const) }
        all.take({ ...fact, seen, change, values: { n: 1 }, review: { ...fact.review, seq } })
      }
      const page = new PageWriter().entity('t', ENTITY, { state: all.state!, table: all.table })
      return pageText([page]).length
    }
    expect(sizeAfter(2_000)).toBeLessThan(sizeAfter(2) + 32)
  })

  test('§8 pages: rows of one message share it, in the page and after loading', () => {
    const table = new RegisterTable()
    const session = { authorId: idOf(3), sessionId: sessionOf(1) }
    const seen: Seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }
    const entry = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: 0, seen })
    entry.identify(idOf(9), undefined)
    giveReview(entry, { reviewerId: idOf(4), eid: LINEAGE, epoch: 1, seq: 1, forked: false, at: 9 })
    const writer = new PageWriter()
    const entities = [11, 12].map((n, index) => {
      const place = { index, type: 't', entityId: idOf(n), kind: 'create', version: 1 } as const
      const state = new Write(entry, { ...place, regs: table.set(['n']) }, { n })
      return writer.entity('t', idOf(n), { state, table })
    })
    const text = pageText(entities)
    expect(text.split(session.sessionId)).toHaveLength(2)
    expect(text.split(entry.id)).toHaveLength(2)
    const read = readPage(text)
    const loader = new PageLoader()
    const states = (read.ok ? read.value : []).map((entity) => loader.state(entity, table))
    expect(lastOf(states[0]!).entry).toBe(lastOf(states[1]!).entry)
    expect(states.map((state) => lastOf(state).index)).toEqual([0, 1])
  })
})
