/** Pages: encoded and parsed. */
import { describe, expect, test } from 'vitest'
import type { Review } from '../facts/message.ts'
import { type PageEntity, type PageMessage, type PageWrite, pageText, readPage } from './pages.ts'

const idOf = (n: number): string => `00000000-0000-8000-8000-${`${n}`.padStart(12, '0')}`
const LINEAGE = idOf(2)

function messageOf(n: number, seen: Partial<PageMessage['seen']> = {}): PageMessage {
  const review: Review = {
    reviewerId: idOf(4),
    eid: LINEAGE,
    epoch: 3,
    seq: n,
    forked: false,
    at: n + 9,
  }
  return {
    ...{ id: idOf(1_000 + n), authorId: idOf(3), sessionId: idOf(10 + (n % 2)), clientSeq: n + 5 },
    seen: { eid: LINEAGE, seq: n - 1, chain: '', from: 1, except: [], ...seen },
    timestamp: n,
    review,
  }
}

function writeOf(message: PageMessage, more: Partial<PageWrite> = {}): PageWrite {
  const plain = { index: 0, version: 1, regs: ['n'], values: [1], isCreation: false }
  return { message, ...plain, ...more }
}

function roundTrip(entities: readonly PageEntity[]): readonly PageEntity[] {
  const read = readPage(pageText(entities))
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}

const created = writeOf(messageOf(1, { eid: null, seq: 0 }), { isCreation: true })
const entity = (id: number, more: Partial<PageEntity> = {}): PageEntity => ({
  ...{ type: 'issue', id: idOf(id), writes: [created], heads: [0], linear: true },
  ...more,
})

describe('a page', () => {
  test('§8 pages: a row that was only created is read back', () => {
    expect(roundTrip([entity(50)])).toEqual([entity(50)])
  })

  const own = [
    { sessionId: idOf(12), from: 1, clientSeq: 4, except: [2] },
    { sessionId: idOf(10), from: 3, clientSeq: 3, except: [] },
  ]
  test.each<[string, Partial<PageWrite>]>([
    ['a cut', { cut: 6 }],
    ['a cut at the start', { cut: 0 }],
    ['spans of other sessions', { own }],
    ['a cut and spans', { cut: 6, own }],
    ['a second creation', { isCreation: true }],
    ['a creation with a cut', { isCreation: true, cut: 1 }],
    ['no register', { regs: [], values: [] }],
  ])('§8 pages: a write with %s is read back', (_, more) => {
    const late = writeOf(messageOf(7, { seq: 2, from: 3, except: [4, 9] }), more)
    const row = entity(50, { writes: [created, late], heads: [0, 1], linear: false })
    expect(roundTrip([row])).toEqual([row])
  })

  test('§8 pages: the base of each register in conflict is parsed', () => {
    const bases = {
      n: { version: 2, value: { deep: [1, null] } },
      title: 'nothing',
      notes: 'unknown',
    } as const
    const writes = [created, writeOf(messageOf(7))]
    const row = entity(50, { writes, heads: [0, 1], linear: false, bases })
    expect(roundTrip([row, entity(51)])).toEqual([row, entity(51)])
  })

  test('§8 pages: messages and sessions are written once', () => {
    const late = writeOf(messageOf(7), { own: [{ ...own[0]!, sessionId: idOf(11) }] })
    const rows = [50, 51, 52].map((id) => entity(id, { writes: [created, late], heads: [1] }))
    const text = pageText(rows)
    for (const name of [idOf(11), idOf(1_007), idOf(1_001)])
      expect(text.split(name)).toHaveLength(2)
    const read = roundTrip(rows)
    expect(read).toEqual(rows)
    expect(read[1]!.writes[0]!.message).toBe(read[0]!.writes[0]!.message)
  })

  test.each<[string, (row: unknown[], message: unknown[]) => void]>([
    ['no number of its session', (_, message) => (message[3] = null)],
    ['nothing that its author has seen', (_, message) => (message[4] = 0)],
    ['an invalid lineage', (_, message) => (message[4] = ['x', 0, 1, []])],
    ['numbers that are none', (_, message) => (message[4] = [0, 0, 1, ['x']])],
    ['an invalid base', (row) => (row[5] = [['n', [1]]])],
    ['bases that are no list', (row) => (row[5] = 0)],
    ['an invalid head', (row) => (row[3] = [7])],
  ])('§8 malformed: %s', (_, spoil) => {
    const page = JSON.parse(pageText([entity(50)])) as [unknown[][], unknown[][]]
    spoil(page[1][0]!, page[0][0]!)
    expect(readPage(JSON.stringify(page))).toMatchObject({ ok: false })
  })
})
