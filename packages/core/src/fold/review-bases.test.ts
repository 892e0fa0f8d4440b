/** The base of a conflict: computed by the reviewer, known to the author, equal at all replicas. */
import { describe, expect, test } from 'vitest'
import type { Json } from '../base/json.ts'
import { Entry, Write, type WriteFacts, giveReview } from '../history/entry.ts'
import { keeps, saw } from '../history/saw.ts'
import type { Message } from '../facts/types.ts'
import type { Base, Bases, Review } from '../facts/message.ts'
import { ARCHIVED, RegisterTable } from '../schema/registers.ts'
import { SeededRandom } from '../testing/seeded-random.ts'
import { seenNothing, spansNaming } from '../testing/exact-seen.ts'
import { type StatedBases, keptReview, reviewOf } from '../wire/reviews.ts'
import { apply } from './apply.ts'
import { BASE_BYTES_MAX, baseOf, noteBases } from './base.ts'
import { basesFor } from './review-bases.ts'
import { type EntityState, headsOf, isLinear, liveOf, writesOf } from './state.ts'

type Values = Readonly<Record<string, Json>>
type Facts = Partial<Pick<WriteFacts, 'kind' | 'version' | 'keep'>>

/** What a follower keeps of a review that states these bases. */
function reviewStating(
  bases: readonly StatedBases[] | undefined,
  { writes }: Entry,
  seq: number,
): Review {
  const regs = writes.map((write) => write.regs.names)
  const changes = regs.map((names) => ({ shape: { regs: names } }))
  const review = reviewOf({ changes } as unknown as Message, { bases }, () => 'A'.repeat(16))
  const by = { reviewerId: 'r', eid: 'e', epoch: 1, at: 0 }
  return keptReview({ seq, review: review ?? null }, by, { regs, forked: false })
}

/** The accepted writes of one entity, and its state; each write is of a session of its own. */
class History {
  readonly table = new RegisterTable()
  readonly writes: Write[] = []
  state: EntityState | undefined
  /** The bases in the review of the last one. */
  stated: readonly StatedBases[] | undefined

  /** Accepts a write of an author who had seen these writes and no others. */
  add(seen: readonly Write[], values: Values, facts: Facts = {}): Write {
    const write = this.written(seen, values, facts)
    const bases = basesFor(write.entry, {
      before: [this.state],
      changesOf: () => this.writes,
      tableOf: () => this.table,
    })
    this.stated = bases
    const seq = this.writes.length + 1
    giveReview(write.entry, reviewStating(bases, write.entry, seq))
    this.state = apply(this.state, write)
    this.writes.push(write)
    return write
  }

  /** The write at its author, without a verdict. */
  written(seen: readonly Write[], values: Values, facts: Facts = {}): Write {
    const no = this.writes.length + 1
    const session = { authorId: 'a', sessionId: `s${no}` }
    const seenNow = seenNothing(1)
    const entry = new Entry({ session, clientSeq: 1, timestamp: 0, arrival: no, seen: seenNow })
    entry.identify(`m${no}`, undefined)
    const names = seen.map((write) => ({ ...write.entry.session, clientSeq: 1 }))
    const write = new Write(
      entry,
      {
        ...{ index: 0, type: 't', entityId: 'e', version: 1 },
        kind: seen.length === 0 ? 'create' : 'update',
        own: spansNaming(names),
        regs: this.table.set(Object.keys(values).sort()),
        ...facts,
      },
      values,
    )
    entry.writes.push(write)
    return write
  }

  base(reg: string): Base {
    return baseOf(this.state!, this.table.slot(reg))
  }

  /** Registers with a base in the state. */
  get based(): string[] {
    const { table, state } = this
    if (state instanceof Write) return []
    return [...(state?.bases?.keys() ?? [])].map((slot) => table.names[slot]!).sort()
  }

  live(reg: string): readonly Write[] {
    return writesOf(liveOf(this.state!, this.table.slot(reg)))
  }
}

const known = (value: Json, version = 1): Base => ({ version, value })

describe('the base of a conflict', () => {
  test('§9 base: the value that the author of the second write saw', () => {
    const history = new History()
    const root = history.add([], { title: 'A', n: 1 })
    const left = history.add([root], { title: 'B' })
    expect([left.entry.review!.bases, history.based]).toEqual([undefined, []])
    const right = history.add([root], { title: 'C', n: 2 })
    expect(right.entry.review!.bases).toEqual([{ title: known('A') }])
    expect(history.based).toEqual(['title'])
    expect(history.base('title')).toEqual(known('A'))
  })

  test('§9 base: a late author’s base is as old as its view', () => {
    const history = new History()
    const all = [history.add([], { n: 0 })]
    for (let n = 1; n < 6; n++) all.push(history.add([...all], { n }))
    history.add(all.slice(0, 3), { n: 99 })
    expect(history.base('n')).toEqual(known(2))
  })

  test('§9 base: it stays while there are two live writes, of any authors, and ends with the conflict', () => {
    const history = new History()
    const root = history.add([], { n: 0 })
    history.add([root], { n: 1 })
    const second = history.add([root], { n: 2 })
    const third = history.add([root, second], { n: 3 })
    expect(third.entry.review!.bases).toBeUndefined() // one more live write, whose author had seen another value
    expect(history.base('n')).toEqual(known(0))
    history.add([...history.writes], { n: 4 }, { kind: 'resolve' })
    expect(history.based).toEqual([])
    const [, , , , resolved] = history.writes
    history.add([...history.writes], { n: 5 })
    history.add([...history.writes].slice(0, 5), { n: 6 })
    expect(resolved!.values['n']).toBe(4)
    expect(history.base('n')).toEqual(known(4))
  })

  test.each<[string, (history: History) => readonly Write[], Base, number | null]>([
    [
      'the register had no write',
      (history) => {
        const root = history.add([], { other: 1 })
        history.add([root], { n: 1 })
        return [root]
      },
      'nothing',
      0,
    ],
    [
      'it had been unset',
      (history) => {
        const root = history.add([], { n: 0 })
        const unset = history.add([root], { n: { $unset: true } })
        history.add([root, unset], { n: 1 })
        return [root, unset]
      },
      'nothing',
      0,
    ],
    [
      'several live writes',
      (history) => {
        const root = history.add([], { n: 0 })
        const both = [history.add([root], { n: 1 }), history.add([root], { n: 2 })]
        history.add([root, ...both], { n: 3 }, { kind: 'resolve' })
        return [root, ...both]
      },
      'unknown',
      null,
    ],
    [
      'the value has as many bytes as a base may have',
      (history) => {
        const root = history.add([], { n: 'x'.repeat(BASE_BYTES_MAX - 2) })
        history.add([root], { n: 1 })
        return [root]
      },
      known('x'.repeat(BASE_BYTES_MAX - 2)),
      1,
    ],
    [
      'the value has more bytes',
      (history) => {
        const root = history.add([], { n: 'x'.repeat(BASE_BYTES_MAX - 1) })
        history.add([root], { n: 1 })
        return [root]
      },
      'unknown',
      1,
    ],
    [
      'the value was written in another version',
      (history) => {
        const root = history.add([], { n: 7 }, { version: 3 })
        history.add([root], { n: 1 })
        return [root]
      },
      known(7, 3),
      1,
    ],
  ])('§9 base: %s', (_, prepare, expected, seq) => {
    const history = new History()
    const seen = prepare(history)
    expect(history.based).toEqual([])
    const second = history.add(seen, { n: 'second' })
    expect(history.stated).toEqual([{ n: { base: expected, seq } }])
    expect(second.entry.review!.bases).toEqual([{ n: expected }])
    expect(history.base('n')).toEqual(expected)
  })

  test('§9 base: of a second creation, which saw nothing', () => {
    const history = new History()
    history.add([], { n: 0 })
    const second = history.add([], { n: 1 })
    expect(second.entry.review!.bases).toEqual([{ n: 'nothing' }])
    expect(history.base('n')).toBe('nothing')
  })

  test('§9 base: of a write that keeps the one it has seen, the value of that one', () => {
    const history = new History()
    const root = history.add([], { n: 0 })
    const others = [{ sessionId: 's1', clientSeq: 1, from: 1, except: [] }]
    const kept = { canonical: [], own: [], others }
    history.add([root], { n: 1 }, { keep: new Map([['n', kept]]) })
    expect(history.live('n').map((write) => write.values['n'])).toEqual([0, 1])
    expect(isLinear(history.state!)).toBe(false)
    expect(history.base('n')).toEqual(known(0))
  })

  test('§9 archive: archiving beside an edit has none, and none is stated', () => {
    const history = new History()
    const root = history.add([], { [ARCHIVED]: false })
    history.add([root], { [ARCHIVED]: true })
    const second = history.add([root], { [ARCHIVED]: false })
    expect(history.live(ARCHIVED)).toHaveLength(2)
    expect(second.entry.review!.bases).toBeUndefined()
    expect(history.based).toEqual([])
  })
})

describe('bases in a review', () => {
  test('§5 review: aligned with the changes, and empty for those that began no conflict', () => {
    const history = new History()
    const root = history.add([], { n: 0 })
    history.add([root], { n: 1 })
    const late = history.written([root], { n: 2 })
    const { type, kind, version, regs } = late
    const facts = { index: 1, type, entityId: 'f', kind, version, regs }
    const other = new Write(late.entry, facts, { n: 3 })
    late.entry.writes.unshift(other)
    const stated = basesFor(late.entry, {
      before: [undefined, history.state],
      changesOf: (id) => (id === 'e' ? history.writes : []),
      tableOf: () => history.table,
    })
    expect(stated).toEqual([{}, { n: { base: known(0), seq: 1 } }])
  })

  test('§5 review: more bases than the bound: all of them are unknown, for every replica', () => {
    const conflict = (registers: number): History => {
      const history = new History()
      const of = (value: string): Values =>
        Object.fromEntries(Array.from({ length: registers }, (_, n) => [`r${n}`, value]))
      const root = history.add([], of('x'.repeat(BASE_BYTES_MAX - 2)))
      history.add([root], of('left'))
      history.add([root], of('right'))
      return history
    }
    const few = conflict(14)
    expect(few.writes.at(-1)!.entry.review!.bases).toHaveLength(1)
    expect(few.base('r3')).toEqual(known('x'.repeat(BASE_BYTES_MAX - 2)))
    const many = conflict(17)
    expect(many.writes.at(-1)!.entry.review!.bases).toBeUndefined()
    expect(many.based).toHaveLength(17)
    expect(many.base('r3')).toBe('unknown')
  })
})

describe('any history', () => {
  /** The base of a register for an author who had seen these writes, by the definition in SPEC. */
  function foundBy(seen: readonly Write[], reg: string): Base {
    const live = seen.filter(
      (w, i) =>
        reg in w.values &&
        !seen.slice(i + 1).some((m) => reg in m.values && saw(m, w) && !keeps(m, reg, w)),
    )
    if (live.length > 1) return 'unknown'
    const value = live[0]?.values[reg]
    return value === undefined ? 'nothing' : known(value)
  }

  test('§9 base: the reviewer states what the author saw, the author knew it, and a state keeps it while there are two live writes', () => {
    const random = new SeededRandom(5)
    const below = (count: number): number => Math.floor(random.unit() * count)
    let conflicts = 0
    for (let round = 0; round < 50; round++) {
      const history = new History()
      history.add([], { r0: 0, r1: 0 })
      for (let n = 1 + below(20); n > 0; n--) {
        // A prefix, and some more; closed under what their authors had seen.
        const seen = new Set(history.writes.slice(0, 1 + below(history.writes.length)))
        if (below(3) === 0) seen.add(history.writes[below(history.writes.length)]!)
        for (const write of seen)
          for (const other of history.writes) if (saw(write, other)) seen.add(other)
        const view = history.writes.filter((write) => seen.has(write))
        const values = Object.fromEntries(
          Array.from({ length: 1 + below(2) }, () => [`r${below(3)}`, n * 10 + below(9)]),
        )
        const state = view.reduce<EntityState | undefined>(apply, undefined)!
        const own = history.written(view, values)
        noteBases(own, state)
        const wasSingle = Object.keys(values).filter((reg) => history.live(reg).length === 1)
        const write = history.add(view, values)
        const stated: Bases = write.entry.review!.bases?.[0] ?? {}
        const parted = wasSingle.filter((reg) => history.live(reg).length === 2)
        expect(Object.keys(stated).sort()).toEqual(parted.sort())
        for (const reg of parted) {
          conflicts++
          expect(stated[reg]).toEqual(foundBy(view, reg))
          expect(own.bases![reg]).toEqual(stated[reg])
          expect(history.base(reg)).toEqual(stated[reg])
        }
        expect(history.based).toEqual(
          ['r0', 'r1', 'r2'].filter((reg) => history.live(reg).length > 1),
        )
        // A replica that folds only writes and their reviews has the same.
        const folded = history.writes.reduce<EntityState | undefined>(apply, undefined)!
        expect(headsOf(folded)).toEqual(headsOf(history.state!))
        for (const reg of history.based)
          expect(baseOf(folded, history.table.slot(reg))).toEqual(history.base(reg))
      }
    }
    expect(conflicts).toBeGreaterThan(100)
  })
})
