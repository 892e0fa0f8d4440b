/** The rule of what an author had seen, clause by clause. */
import { describe, expect, test } from 'vitest'
import type { Uuid } from '../base/uuid.ts'
import type { Names, OwnSpan, Seen } from '../facts/types.ts'
import { RegisterTable } from '../schema/registers.ts'
import { seenNothing, spansNaming } from '../testing/exact-seen.ts'
import { Entry, Write, type WriteFacts } from './entry.ts'
import { areBeside, isNamed, isSameWrite, keeps, saw } from './saw.ts'

const LINEAGE = 'lineage-1'
const table = new RegisterTable()
const regs = table.set(['a'])

interface Facts extends Partial<Pick<WriteFacts, 'kind' | 'cut' | 'own' | 'keep' | 'entityId'>> {
  readonly session?: string
  readonly no?: number
  /** `null`: it is being written. */
  readonly seen?: Partial<Seen> | null
  /** Seq; absent while it is pending. */
  readonly seq?: number
  readonly eid?: Uuid
  readonly id?: Uuid
}

function write({ session = 's', no = 1, seen, seq, eid = LINEAGE, id, ...facts }: Facts): Write {
  const entry = new Entry({
    session: { authorId: 'author', sessionId: session },
    clientSeq: no,
    timestamp: 0,
    arrival: 0,
    seen: seen === null ? undefined : { ...seenNothing(no), ...seen },
  })
  if (id !== undefined) entry.identify(id, undefined)
  if (seq !== undefined)
    entry.review = { reviewerId: 'r', eid, epoch: 1, seq, forked: false, at: 0 }
  const place = { index: 0, type: 't', entityId: 'e', kind: 'update', version: 1, regs } as const
  return new Write(entry, { ...place, ...facts }, { a: no })
}

const at = (seq: number, chain = 'c'): Partial<Seen> => ({ eid: LINEAGE, seq, chain })
const theirs = (seq: number, more: Facts = {}): Write =>
  write({ session: 'other', no: 5, seq, ...more })

describe('the canonical prefix', () => {
  const m = write({ seen: at(7) })

  test('§4 seen: everything up to its position, of every author and epoch, and nothing after it', () => {
    expect([1, 6, 7, 8, 9].map((seq) => saw(m, theirs(seq)))).toEqual([
      ...[true, true, true],
      ...[false, false],
    ])
    const later = theirs(7)
    later.entry.review = { ...later.entry.review!, epoch: 3, reviewerId: 'another' }
    expect(saw(m, later)).toBe(true)
  })

  test('§4 seen: nothing of another lineage, at every position; a store that never connected saw none', () => {
    expect(saw(m, theirs(1, { eid: 'lineage-2' }))).toBe(false)
    expect(saw(write({ seen: { eid: null } }), theirs(1))).toBe(false)
    expect(saw(write({ seen: at(0, '') }), theirs(1))).toBe(false)
  })

  test('§4 seen: a pending write is in no prefix', () => {
    expect(saw(m, write({ session: 'other', no: 5 }))).toBe(false)
  })

  test('§4 cut: an entity that is known less far counts less far', () => {
    const cut = write({ seen: at(7), cut: 4 })
    expect([4, 5, 7].map((seq) => saw(cut, theirs(seq)))).toEqual([true, false, false])
    expect(saw(write({ seen: at(7), cut: 0 }), theirs(1))).toBe(false)
    expect(saw(write({ seen: at(7), cut: 4 }), theirs(4, { eid: 'lineage-2' }))).toBe(false)
  })
})

describe('own messages', () => {
  const m = write({ no: 9, seen: { from: 4, except: [6] } })

  test('§4 from: those of its session from there on, and none before', () => {
    const numbers = [3, 4, 5, 7, 8]
    expect(numbers.map((no) => saw(m, write({ no })))).toEqual([false, true, true, true, true])
    expect(saw(m, write({ no: 5, session: 'other' }))).toBe(false)
  })

  test('§4 except: but for those that were not in the view', () => {
    expect(saw(m, write({ no: 6 }))).toBe(false)
  })

  test('§4 from: neither itself nor what its session wrote later', () => {
    expect([9, 10].map((no) => saw(m, write({ no })))).toEqual([false, false])
  })

  test('§4 from: the same when they have become canonical after the flush was opened', () => {
    const own = write({ no: 9, seen: { ...at(7), from: 4, except: [6] } })
    expect(saw(own, write({ no: 5, seq: 30 }))).toBe(true)
    expect(saw(own, write({ no: 6, seq: 30 }))).toBe(false)
    expect(saw(own, write({ no: 2, seq: 30 }))).toBe(false)
    // Before it by its position.
    expect(saw(own, write({ no: 2, seq: 7 }))).toBe(true)
    expect(saw(own, write({ no: 6, seq: 7 }))).toBe(true)
  })

  test('§4 from: a change of lineage removes no own message from the view', () => {
    expect(saw(m, write({ no: 5, seq: 30, eid: 'lineage-2' }))).toBe(true)
  })

  test('§4 cut: it cuts the canonical prefix, not own writes', () => {
    const cut = write({ no: 9, seen: { ...at(7), from: 4 }, cut: 2 })
    expect(saw(cut, write({ no: 5, seq: 6 }))).toBe(true)
    expect(saw(cut, write({ no: 3, seq: 6 }))).toBe(false)
  })
})

describe('named sessions', () => {
  const span = (from: number, clientSeq: number, except: readonly number[] = []): OwnSpan => ({
    sessionId: 'other',
    clientSeq,
    from,
    except,
  })
  const pending = (no: number, session = 'other'): Write => write({ session, no })

  test('§4 own: from the first to the last, without the excepted ones', () => {
    const m = write({ own: [span(3, 7, [5])] })
    const numbers = [2, 3, 4, 5, 6, 7, 8]
    expect(numbers.filter((no) => saw(m, pending(no)))).toEqual([3, 4, 6, 7])
    expect(saw(m, pending(4, 'third'))).toBe(false)
  })

  test('§4 own: one session may have several spans, and several sessions one each', () => {
    const third: OwnSpan = { ...span(2, 2), sessionId: 'third' }
    const m = write({ own: [span(1, 2), span(6, 6), third] })
    expect([1, 2, 3, 5, 6, 7].filter((no) => saw(m, pending(no)))).toEqual([1, 2, 6])
    expect([1, 2, 3].filter((no) => saw(m, pending(no, 'third')))).toEqual([2])
  })

  test('§4 own: whether they have become canonical since does not matter, nor on which lineage', () => {
    const m = write({ seen: at(7), own: [span(3, 3)] })
    expect(saw(m, theirs(30, { no: 3 }))).toBe(true)
    expect(saw(m, theirs(30, { no: 3, eid: 'lineage-2' }))).toBe(true)
    expect(saw(m, theirs(30, { no: 4 }))).toBe(false)
  })

  test('§4 own: spans that name exactly these messages do so', () => {
    const numbers = [2, 3, 7, 9]
    const own = spansNaming(numbers.map((clientSeq) => ({ sessionId: 'other', clientSeq })))
    const m = write({ own })
    expect(Array.from({ length: 12 }, (_, no) => no).filter((no) => saw(m, pending(no)))).toEqual(
      numbers,
    )
    expect(spansNaming([])).toEqual([])
  })
})

describe('kinds', () => {
  test('§4 create: it saw nothing, although its message has a `seen`', () => {
    const own = [{ sessionId: 'other', from: 1, clientSeq: 9, except: [] }]
    const m = write({ no: 9, kind: 'create', seen: { ...at(7), from: 1 }, own })
    for (const w of [theirs(3), write({ no: 5 }), write({ session: 'other', no: 5 })])
      expect(saw(m, w)).toBe(false)
    expect(saw(write({ kind: 'create', seen: null }), theirs(3))).toBe(false)
  })

  test.each(['update', 'resolve', 'migrate'] as const)(
    '§4 %s: it saw what its `seen` states',
    (kind) => {
      expect(saw(write({ kind, seen: at(7) }), theirs(7))).toBe(true)
      expect(saw(write({ kind, seen: at(7) }), theirs(8))).toBe(false)
    },
  )

  test('§4 drafts: a draft has seen all shown writes', () => {
    const draft = write({ no: 9, seen: null })
    for (const w of [theirs(1_000), write({ no: 5 }), write({ session: 'other', no: 5 })])
      expect(saw(draft, w)).toBe(true)
  })
})

test('§4 beside: two writes of which neither saw the other', () => {
  const a = write({ seen: at(2), seq: 4 })
  const b = theirs(5, { seen: at(3) })
  const c = theirs(6, { seen: at(5), no: 6 })
  expect([areBeside(a, b), areBeside(b, a)]).toEqual([true, true])
  expect([areBeside(a, c), areBeside(c, a)]).toEqual([false, false])
})

test('§8 pages: a write that was read from a page is the same one', () => {
  const a = write({ no: 3, seq: 4 })
  expect(isSameWrite(a, a)).toBe(true)
  expect(isSameWrite(a, write({ no: 3 }))).toBe(true)
  expect(isSameWrite(a, write({ no: 4, seq: 4 }))).toBe(false)
  expect(isSameWrite(a, write({ no: 3, session: 'other' }))).toBe(false)
  expect(isSameWrite(a, write({ no: 3, entityId: 'f' }))).toBe(false)
})

describe('keep', () => {
  const NONE: Names = { canonical: [], own: [], others: [] }
  const one = (clientSeq: number): OwnSpan => ({
    ...{ sessionId: 'other', clientSeq, from: clientSeq, except: [] },
  })
  const kept = write({ no: 3, id: 'kept' })
  const other = write({ no: 4, id: 'other' })
  const keeping = (names: readonly Write[] | Partial<Names>, reg = 'a'): Write => {
    const named = 'length' in names ? names : { ...NONE, ...names }
    return write({ no: 9, seen: at(7), keep: new Map([[reg, named]]) })
  }

  test.each<[string, readonly Write[] | Partial<Names>]>([
    ['the write', [kept]],
    ['the same one of a page', [write({ no: 3, seq: 4 })]],
    ['its number', { own: [3] }],
  ])('§4 keep: names by %s', (_, names) => {
    const m = keeping(names)
    expect(keeps(m, 'a', kept)).toBe(true)
    expect(keeps(m, 'a', other)).toBe(false)
    expect(keeps(m, 'b', kept)).toBe(false)
    expect(keeps(keeping(names, 'b'), 'a', kept)).toBe(false)
  })

  test('§4 keep: a canonical write is named by its seq, on the lineage that the author has read', () => {
    const m = keeping({ canonical: [4, 6] })
    expect([3, 4, 5, 6].map((seq) => keeps(m, 'a', theirs(seq)))).toEqual([
      ...[false, true],
      ...[false, true],
    ])
    expect(keeps(m, 'a', theirs(4, { eid: 'lineage-2' }))).toBe(false)
    // A clientSeq of its own session is not a seq.
    expect(keeps(m, 'a', write({ no: 4 }))).toBe(false)
    expect(keeps(keeping({ own: [5] }), 'a', theirs(5))).toBe(false)
  })

  test('SEEN8 keep: a write with several places is named by any place that the author had read', () => {
    const placed = (eid: string, seq: number): Write => {
      const w = theirs(30, { eid: 'now' })
      w.entry.review = { ...w.entry.review!, places: [{ eid, seq }] }
      return w
    }
    const m = write({ seen: at(7), seq: 40, eid: 'now' })
    m.entry.review = { ...m.entry.review!, reads: [{ eid: 'earlier', seq: 4 }] }
    const named: Names = { canonical: [4, 5], own: [], others: [] }
    const isKept = (w: Write): boolean => isNamed(named, m.entry, w)
    expect([isKept(placed(LINEAGE, 4)), isKept(placed('earlier', 4))]).toEqual([true, true])
    // Beyond what both have in common it is another message.
    expect([isKept(placed('earlier', 5)), isKept(placed('other', 4))]).toEqual([false, false])
  })

  test('§4 keep: an own write is named by its number, also when it has become canonical since', () => {
    const m = keeping({ own: [5] })
    expect(keeps(m, 'a', write({ no: 5, seq: 30 }))).toBe(true)
    expect(keeps(m, 'a', write({ no: 6, seq: 30 }))).toBe(false)
  })

  test('§4 keep: a pending write of another session is named by both, and stays so after its verdict', () => {
    const m = keeping({ others: [one(5)] })
    const pending = (no: number, session = 'other'): Write => write({ session, no })
    expect([4, 5, 6].map((no) => keeps(m, 'a', pending(no)))).toEqual([false, true, false])
    expect(keeps(m, 'a', pending(5, 'third'))).toBe(false)
    expect(keeps(m, 'a', theirs(30, { no: 5 }))).toBe(true)
    expect(keeps(m, 'a', theirs(30, { no: 5, eid: 'lineage-2' }))).toBe(true)
  })

  test('§4 keep: a draft without an id is named by none, and gets none by the question', () => {
    const draft = write({ no: 3 })
    expect(keeps(keeping([other]), 'a', draft)).toBe(false)
    expect(keeps(keeping({ canonical: [3] }), 'a', draft)).toBe(false)
    expect(keeps(keeping([draft]), 'a', draft)).toBe(true)
    expect(draft.entry.identified).toBe(false)
  })

  test('§4 keep: what names nothing keeps nothing', () => {
    expect(keeps(write({}), 'a', kept)).toBe(false)
    expect(keeps(keeping(NONE), 'a', kept)).toBe(false)
  })
})

test('§4 parents: parents are named as in `keep`, and with spans', () => {
  const by = write({ no: 9, seen: { ...at(7), from: 4 } }).entry
  const span: OwnSpan = { sessionId: 'other', clientSeq: 6, from: 2, except: [4] }
  const names: Names = { canonical: [3, 7], own: [5], others: [span] }
  const named = (w: Write): boolean => isNamed(names, by, w)
  expect([2, 3, 7, 8].map((seq) => named(theirs(seq, { no: 99 })))).toEqual([
    ...[false, true],
    ...[true, false],
  ])
  expect([4, 5, 6].map((no) => named(write({ no })))).toEqual([false, true, false])
  const numbers = Array.from({ length: 9 }, (_, no) => no)
  expect(numbers.filter((no) => named(write({ session: 'other', no })))).toEqual([2, 3, 5, 6])
})
