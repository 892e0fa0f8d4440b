/** Runs of messages as text, and back. What comes back has the same ids: every byte was kept. */
import { describe, expect, test } from 'vitest'
import { identify, leafHash } from '../message/ids.ts'
import type { Change, Message } from '../message/message.ts'
import { packMessages, unpackMessages } from './pack.ts'

const SPACE = '6b1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a10'
const ENTITY = '1b1f4c1e-30a4-8f0e-9a58-0f2f5a3f6a12'
const AUTHOR = '1b1f4c1e-30a4-8f0e-9a58-0f2f5a3f6a13'
const SESSION = '7f1f4c1e-30a4-4f0e-9a58-0f2f5a3f6a11'

function message(clientSeq: number, meta: Partial<Change['meta']>): Message {
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
})
