/** What a message says that its author had seen: what is well formed passes, and each fault is named. */
import { describe, expect, test } from 'vitest'
import type { Change, ChangeMeta, Message, OwnSpan, Seen } from './message.ts'
import { changeFault, messageFault } from './parse.ts'

const A = '0190a6b2-3c4d-8e5f-8a7b-000000000001'
const B = '0190a6b2-3c4d-8e5f-8a7b-000000000002'
const C = '0190a6b2-3c4d-8e5f-8a7b-000000000003'
const HASH = 'A'.repeat(43)
const CHAIN = 'A'.repeat(22)

const seen: Seen = { eid: A, seq: 7, chain: CHAIN, from: 2, except: [4, 5] }
const span: OwnSpan = { sessionId: B, from: 2, to: 6, except: [] }
const meta: ChangeMeta = {
  type: 'issue',
  entityId: A,
  kind: 'update',
  schemaVersion: 1,
  parentCanonicalIds: [B],
  cut: 5,
  own: [{ ...span, except: [3, 5] }],
  regs: ['title'],
}
const change: Change = { meta, values: ['x'], salt: CHAIN }

function withMeta(parts: { readonly [K in keyof ChangeMeta]?: unknown }): Change {
  return { ...change, meta: { ...meta, ...parts } as ChangeMeta }
}

function messageOf(clientSeq: number, seenNow: Seen, changes: Message['changes']): Message {
  const names = { space: A, authorId: A, sessionId: A, personalCommit: HASH }
  const leaves = changes.map(() => HASH)
  const header = { v: 1 as const, ...names, clientSeq, timestamp: 0, seen: seenNow, leaves }
  return { id: A, hash: HASH, header, changes }
}

describe('cut and own of a change', () => {
  test.each<[string, Change]>([
    ['both', change],
    ['a cut at the start', withMeta({ cut: 0 })],
    ['neither', withMeta({ cut: undefined, own: undefined })],
    ['one message of a session', withMeta({ own: [{ ...span, from: 1, to: 1 }] })],
    ['two spans of a session', withMeta({ own: [span, { ...span, from: 7, to: 7 }] })],
    ['two sessions', withMeta({ own: [span, { ...span, sessionId: C, from: 1 }] })],
  ])('§4 well formed: %s', (_, given) => {
    expect(changeFault(given)).toBeUndefined()
  })

  const spans = (...own: readonly unknown[]): Change => withMeta({ own })
  test.each<[fault: string, cases: readonly Change[]]>([
    ['cut is not a position', [-1, 0.5, 2 ** 53, '1'].map((cut) => withMeta({ cut }))],
    ['own is empty', [spans()]],
    [
      'own names a session that is no uuid',
      ['', 'x', B.toUpperCase(), 1].map((sessionId) => spans({ ...span, sessionId })),
    ],
    [
      'own has a span that is none',
      [
        spans({ ...span, from: 0 }),
        spans({ ...span, from: 1.5 }),
        spans({ ...span, to: 2 ** 53 }),
        spans({ ...span, from: 6, to: 5 }),
        spans({ ...span, from: '2' }),
        spans(span, { ...span, sessionId: C, to: null }),
      ],
    ],
    [
      'own leaves out numbers that are not within its span',
      [[2], [6], [1], [7], [4, 3], [3, 3], [3.5], ['3']].map((except) =>
        spans({ ...span, except }),
      ),
    ],
    [
      'the spans of own are not sorted, or overlap',
      [
        spans({ ...span, sessionId: C }, span),
        spans(span, span),
        spans(span, { ...span, from: 6, to: 8 }),
        spans({ ...span, from: 8, to: 9 }, span),
      ],
    ],
  ])('§4 malformed: %s', (fault, cases) => {
    for (const given of cases) expect(changeFault(given)).toBe(fault)
  })
})

describe('seen of a message', () => {
  const reading = (
    parts: Partial<Record<keyof Seen, unknown>>,
    changes: Message['changes'] = [null],
  ): Message => messageOf(6, { ...seen, ...parts } as Seen, changes)

  test.each<[string, Partial<Seen>]>([
    ['the whole of it', {}],
    ['of a lineage of which nothing was read', { seq: 0, chain: '' }],
    ['of a store that never met a reviewer', { eid: null, seq: 0, chain: '' }],
    ['nothing own', { from: 6, except: [] }],
    ['all own ones', { from: 1, except: [] }],
    ['the last own one left out', { from: 1, except: [2, 3, 4, 5] }],
  ])('§4 well formed: %s', (_, parts) => {
    expect(messageFault(reading(parts))).toBeUndefined()
  })

  test.each<[fault: string, cases: readonly Message[]]>([
    [
      'seen is not a position and a number of the session',
      [
        ...[-1, 0.5, 2 ** 53, '7', null].map((seq) => reading({ seq })),
        ...[0, -1, 1.5, 7, '2', null].map((from) => reading({ from })),
      ],
    ],
    [
      'seen names no lineage',
      [
        reading({ eid: null }),
        reading({ eid: 'x' }),
        reading({ eid: 1 }),
        reading({ eid: undefined }),
        reading({ eid: '', seq: 0, chain: '' }),
      ],
    ],
    [
      'seen has no start of a chain',
      [
        reading({ chain: '' }),
        reading({ chain: CHAIN.slice(1) }),
        reading({ chain: `${CHAIN}A` }),
        reading({ chain: `${CHAIN.slice(1)}"` }),
        reading({ chain: `${CHAIN}\n` }),
        reading({ seq: 0 }),
        reading({ eid: null, seq: 0 }),
      ],
    ],
    [
      'seen leaves out numbers that are not own ones before it',
      [[2], [1], [6], [7], [5, 4], [4, 4], [4.5], ['4']].map((except) => reading({ except })),
    ],
    [
      'cut lies after what the author has seen',
      [reading({ seq: 4 }, [null, change]), reading({ seq: 0, chain: '' }, [withMeta({ cut: 1 })])],
    ],
  ])('§4 malformed: %s', (fault, cases) => {
    for (const given of cases) expect(messageFault(given)).toBe(fault)
  })

  test('§4 well formed: a cut up to what the author has seen', () => {
    expect(messageFault(reading({ seq: 5 }, [change]))).toBeUndefined()
  })
})
