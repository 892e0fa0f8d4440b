/** Runs of messages as text, and back. What comes back has the same ids: every byte was kept. */
import { describe, expect, test } from 'vitest'
import { identify, leafHash } from '../message/ids.ts'
import type { Change, Message, Seen } from '../message/message.ts'
import { packMessages, unpackMessages } from './pack.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const ENTITY = '1b1f4c1e-30a4-8f0e-9a58-0f2f5a3f6a12'
const AUTHOR = '1b1f4c1e-30a4-8f0e-9a58-0f2f5a3f6a13'
const SESSION = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'

const OTHER = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a12'
const LINEAGE = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a13'
const NOTHING: Seen = { eid: null, seq: 0, chain: '', from: 1, except: [] }

function message(clientSeq: number, meta: Partial<Change['meta']>, seen: Seen = NOTHING): Message {
  const change: Change = {
    meta: {
      type: 'issue',
      entityId: ENTITY,
      kind: 'create',
      schemaVersion: 1,
      parentCanonicalIds: [],
      regs: ['title'],
      ...meta,
    },
    values: [`title ${clientSeq}`],
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
  }
  const header = {
    v: 1 as const,
    space: SPACE,
    authorId: AUTHOR,
    sessionId: SESSION,
    clientSeq,
    timestamp: 1_000 + clientSeq,
    personalCommit: 'A'.repeat(43),
    seen,
    leaves: [leafHash(change)],
  }
  return { ...identify(header), header, changes: [change] }
}

function roundTrip(messages: readonly Message[]): readonly Message[] {
  const unpacked = unpackMessages(JSON.parse(packMessages(messages)), SPACE)
  if (!unpacked.ok) throw new Error(unpacked.error.message)
  return unpacked.value
}

describe('a run of messages', () => {
  test('§19 transport: parents in the same run are named by their place, and come back', () => {
    const root = message(1, {})
    const child = message(2, { kind: 'update', parentCanonicalIds: [root.id] })
    expect(packMessages([root, child]).split(root.id)).toHaveLength(1)
    expect(roundTrip([root, child])).toEqual([root, child])
  })

  test('§20 bounds: a write to keep that stands further on in the run is spelled out', () => {
    const root = message(1, {})
    const later = message(3, { kind: 'update', parentCanonicalIds: [root.id] })
    const strange = message(2, {
      kind: 'update',
      parentCanonicalIds: [root.id],
      keep: { title: [later.id] },
    })
    const after = message(4, { kind: 'update', parentCanonicalIds: [later.id, strange.id].sort() })
    const run = [root, strange, later, after]
    expect(roundTrip(run)).toEqual(run)
  })

  const chain = 'abcdefghijklmnopqrstuv'
  const read: Seen = { eid: LINEAGE, seq: 7, chain, from: 2, except: [3, 5] }

  test.each<[string, Seen]>([
    ['nothing', NOTHING],
    ['a lineage of which nothing was read', { ...NOTHING, eid: LINEAGE }],
    ['a position, with own ones that are left out', read],
    ['a position with nothing own', { ...read, from: 9, except: [] }],
    ['the highest numbers', { ...read, seq: Number.MAX_SAFE_INTEGER, except: [] }],
  ])('§4 seen: %s comes back', (_, seen) => {
    const run = [message(9, {}, seen)]
    expect(roundTrip(run)).toEqual(run)
  })

  test('§3 seen: is said once for all messages of a flush, and once for each flush', () => {
    const other: Seen = { ...read, seq: 8, chain: 'b'.repeat(22) }
    const run = [message(8, {}, read), message(9, {}, other), message(10, {}, read)]
    const packed = packMessages(run)
    expect([packed.split(chain), packed.split(other.chain)].map(({ length }) => length)).toEqual([
      2, 2,
    ])
    expect(roundTrip(run)).toEqual(run)
  })

  const root = message(1, {})
  const update = { kind: 'update', parentCanonicalIds: [root.id] } as const
  const own = [
    { sessionId: SESSION, from: 1, to: 4, except: [2] },
    { sessionId: OTHER, from: 3, to: 3, except: [] },
  ]
  test.each<[string, Partial<Change['meta']>]>([
    ['a cut', { cut: 6 }],
    ['a cut at the start', { cut: 0 }],
    ['spans of other sessions', { own }],
    ['both', { cut: 6, own }],
    ['both beside writes to keep', { cut: 6, own, keep: { title: [root.id] } }],
    ['neither', {}],
  ])('§4 cut and own: %s come back', (_, meta) => {
    const run = [root, message(9, { ...update, ...meta }, read)]
    expect(roundTrip(run)).toEqual(run)
  })

  test('§3 own: a session is spelled out once', () => {
    const run = [root, ...[8, 9].map((no) => message(no, { ...update, own }, read))]
    expect(packMessages(run).split(OTHER)).toHaveLength(2)
    expect(roundTrip(run)).toEqual(run)
  })

  test.each<[string, (packed: unknown[]) => void, RegExp]>([
    ['no list of them', (packed) => (packed[2] = 0), /is not a list/],
    ['one that is none', (packed) => (packed[2] = [0]), /is not a list/],
    ['one without a chain', (packed) => (packed[2] = [[LINEAGE, 7]]), /chain is not text/],
    ['none for the message', (packed) => (packed[2] = []), /does not say what its author has seen/],
  ])('§3 malformed: what an author has seen: %s', (_, spoil, why) => {
    const packed = JSON.parse(packMessages([message(9, {}, read)])) as unknown[]
    spoil(packed)
    const unpacked = unpackMessages(packed, SPACE)
    expect(unpacked.ok ? '' : unpacked.error.message).toMatch(why)
  })
})
