/** Checks signed bytes, of reviewers and of the proof of a session, against their definitions. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { uuid8 } from '../base/uuid.ts'
import {
  acceptedBytes,
  bindBytes,
  listHash,
  pageHash,
  positionBytes,
  rejectionBytes,
  settledBytes,
  snapshotBytes,
  welcomeBytes,
} from './signed.ts'
import type { Position, Rejection } from '../facts/message.ts'

// Thousands of cases; allow for a slow machine.
vi.setConfig({ testTimeout: 60_000 })

const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(uuid8)
const hash43 = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))
const count = fc.oneof(fc.nat(9), fc.maxSafeNat())
/** A uuid in 22 characters. */
const shortId = (id: string): string =>
  Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url')

function byDefinition(tag: string, value: unknown): Buffer {
  return createHash('sha256').update(`${tag}\0`).update(canonicalize(value)!).digest()
}

const position: fc.Arbitrary<Position> = fc.record({
  eid: uuid,
  epoch: count,
  seq: count,
  chain: hash43,
})

test('BATCH13 positions: signed over [space, eid, epoch, seq, chain] with short ids, the signature left out', () => {
  fc.assert(
    fc.property(uuid, position, (space, given) => {
      const { eid, epoch, seq, chain } = given
      const expected = byDefinition('cs/pos', [shortId(space), shortId(eid), epoch, seq, chain])
      expect(Buffer.from(positionBytes(space, { ...given, sig: 'x' })).equals(expected)).toBe(true)
    }),
  )
})

const nonce = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  return Buffer.from(bytes).toString('base64url')
})

test('OPN8 greetings: signed over both nonces, the position with short ids, and the clock', () => {
  fc.assert(
    fc.property(
      fc.record({ space: uuid, author: nonce, reviewer: nonce, position, at: count }),
      ({ space, author, reviewer, position: given, at }) => {
        const { eid, epoch, seq, chain } = given
        const rest = [shortId(space), shortId(eid), epoch, seq, chain, at]
        const nonces = [author, reviewer] as const
        const bytes = welcomeBytes(space, { nonces, position: { ...given, sig: 'x' }, at })
        const expected = byDefinition('cs/welcome', [author, reviewer, ...rest])
        expect(Buffer.from(bytes).equals(expected)).toBe(true)
      },
    ),
  )
})

test('WHO7 proofs: signed over the nonce of the reviewer, the space and the session', () => {
  fc.assert(
    fc.property(uuid, uuid, nonce, (space, sessionId, given) => {
      const expected = byDefinition('cs/bind', [given, shortId(space), shortId(sessionId)])
      expect(Buffer.from(bindBytes(space, sessionId, given)).equals(expected)).toBe(true)
    }),
  )
})

test('VRD5 repeated acceptances: signed over lineage, session and rows', () => {
  const rows = fc.array(fc.tuple(count, count, count, fc.constantFrom(0, 1)), { maxLength: 5 })
  fc.assert(
    fc.property(uuid, uuid, count, uuid, rows, (space, eid, epoch, sessionId, reviews) => {
      const body = [shortId(space), shortId(eid), epoch, shortId(sessionId), reviews]
      const bytes = acceptedBytes(space, { eid, epoch, sessionId }, reviews)
      expect(Buffer.from(bytes).equals(byDefinition('cs/accepted', body))).toBe(true)
    }),
  )
})

const texts = fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 })

test('SNAP6, SNAP7 snapshots: signed over scope, position and the sorted hashes of pages; and lists over that', () => {
  fc.assert(
    fc.property(uuid, position, texts, texts, (space, given, pageTexts, listFrames) => {
      const hashed = (tag: string, each: string): string =>
        createHash('sha256').update(`${tag}\n${each}`).digest('base64url')
      const sorted = (hashes: readonly string[]): string[] =>
        [...hashes].sort((a, b) => (a < b ? -1 : 1))
      const pages = pageTexts.map((text) => pageHash(text))
      const lists = listFrames.map((frame) => listHash(frame))
      expect(pages).toEqual(pageTexts.map((text) => hashed('cs/page', text)))
      expect(lists).toEqual(listFrames.map((frame) => hashed('cs/list', frame)))
      const { eid, epoch, seq, chain } = given
      const body = ['all', shortId(space), shortId(eid), epoch, seq, chain, sorted(pages)]
      const bytes = snapshotBytes(space, given, pages)
      const digest = byDefinition('cs/snapshot', body)
      expect(Buffer.from(bytes).equals(digest)).toBe(true)
      const reversed = snapshotBytes(space, given, [...pages].reverse())
      expect(Buffer.from(reversed).equals(Buffer.from(bytes))).toBe(true)
      const settled = settledBytes(space, given, { nonce: 'n', pages, lists: [...lists].reverse() })
      const about = ['n', digest.toString('base64url'), sorted(lists)]
      expect(Buffer.from(settled).equals(byDefinition('cs/settled', about))).toBe(true)
    }),
  )
})

test('§4 rejections: the reviewer signs all of one, and its reader hashes the same bytes', () => {
  const rejection: fc.Arbitrary<Rejection> = fc.record(
    {
      v: fc.constant(2 as const),
      space: uuid,
      eid: uuid,
      epoch: count,
      reviewerId: uuid,
      msgId: uuid,
      hash: hash43,
      reason: fc.constantFrom('stale', 'invalid', 'unauthorised'),
      detail: fc.string({ unit: 'binary' }),
      at: fc.maxSafeNat(),
      sig: hash43,
    },
    {
      requiredKeys: [
        'v',
        'space',
        'eid',
        'epoch',
        'reviewerId',
        'msgId',
        'hash',
        'reason',
        'at',
        'sig',
      ],
    },
  )
  fc.assert(
    fc.property(rejection, (given) => {
      const { sig: _, ...body } = given
      const expected = byDefinition('cs/reject', body)
      expect(Buffer.from(rejectionBytes(body)).equals(expected)).toBe(true)
      // The verifier has the whole record.
      expect(Buffer.from(rejectionBytes(given)).equals(expected)).toBe(true)
    }),
  )
})
